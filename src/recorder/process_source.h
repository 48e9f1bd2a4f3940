// SPDX-License-Identifier: Apache-2.0
// What a recording says of where its processes came from.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "journal/facts.h"
#include "ledger/lives.h"
#include "schema/coverage.h"

namespace tacho {

struct ProcessSource {
  std::string name;        // of the source that was used longest; "proc": /proc alone
  MissedProcesses missed;  // in the whole recording
};

// What gets lost, and why, in the words of notes and events.
inline constexpr std::string_view kMissed = "births, execs and ends of processes";
inline constexpr std::string_view kTooFast = "they came faster than they could be taken";

// `lives` may be null: /proc alone. `start`: boottime of the first tick.
ProcessSource process_source_of(const Lives* lives, Nanoseconds start, Nanoseconds now);

// Adds what the sources could not give, how long each was used, and what was lost.
void report_process_source(const Lives* lives, Nanoseconds start, Nanoseconds now,
                           Coverage& coverage);

// Adds that a source was refused or lost, and why.
void report_refused_source(std::string_view source, const Error& refusal, Coverage& coverage);

}  // namespace tacho
