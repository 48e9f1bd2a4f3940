// SPDX-License-Identifier: Apache-2.0
// What a recording says of where its processes came from.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "ledger/lives.h"
#include "schema/coverage.h"

namespace tacho {

struct ProcessSource {
  std::string name;      // of the source that was used longest; "proc": /proc alone
  bool saw_all = false;  // births and ends were followed all the time, and nothing was lost
};

// `lives` may be null: /proc alone. `start`: boottime of the first tick.
ProcessSource process_source_of(const Lives* lives, Nanoseconds start, Nanoseconds now);

// Adds what the sources could not give, how long each was used, and what was lost.
void report_process_source(const Lives* lives, Nanoseconds start, Nanoseconds now,
                           Coverage& coverage);

// Adds that a source was refused or lost, and why.
void report_refused_source(std::string_view source, const Error& refusal, Coverage& coverage);

}  // namespace tacho
