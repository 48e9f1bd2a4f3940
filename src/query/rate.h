// SPDX-License-Identifier: Apache-2.0
// Counters to rates per second, for each entity (the row's key columns) from one of its rows to the
// next, by `boottime`.
#pragma once

#include "base/error.h"
#include "query/rows.h"

namespace tacho {

// Each counter `x` becomes the float64 column `x_rate`: its unit with "/s" ("By/s"), but for times:
// ns per ns is "1", so that cpu_time_user_rate 0.5 is half a CPU. Other columns stay. Null in an
// entity's first row, where either value is null, and where a counter went back (it began anew). An
// entity without a row for ten minutes and 120 ticks is forgotten. Needs the columns `boottime`,
// `tick` and the table's keys: take the rate first and select columns afterwards. For the table
// `process`, whose rows are there only when something changed, take the rate of processes()
// (query/processes.h): there "no row" is filled in.
Result<Stream> rates(Stream rows);

}  // namespace tacho
