// SPDX-License-Identifier: Apache-2.0
// Rows reduced to buckets of time: for each entity and bucket one row, so that a spike never
// disappears.
#pragma once

#include "base/clock.h"
#include "base/error.h"
#include "query/rows.h"

namespace tacho {

// Buckets of `every`, aligned to multiples of it in wall time at the stream's first row and counted
// by `boottime` from there (a clock that is stepped moves none). Columns: `tick` (the
// bucket's first), `time` and `boottime` (where the bucket begins), the keys, `rows` (how many were
// there), then for each gauge x_min, x_max, x_mean, x_last, for each counter x_rate (per second
// over the bucket, from the row before it; steps back left out; null when there is nothing to
// compare), for each text x_last. Nulls are left out; the result is null where nothing else is
// there. Rows come in the order of ticks; the entities of a bucket in the order of their first row.
Result<Stream> reduce(Stream rows, Nanoseconds every);

}  // namespace tacho
