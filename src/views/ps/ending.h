// SPDX-License-Identifier: Apache-2.0
// How processes ended, and how many a recording missed, in words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "journal/facts.h"
#include "query/recording.h"
#include "views/ps/lives.h"

namespace tacho {

// "SIGKILL"; "signal 99" for a number without a name.
std::string signal_name(std::int64_t signal);
// "exit 0", "SIGSEGV", "SIGSEGV, core", "unknown".
std::string how_ended(const ProcessEnd& end);

// Births and ends of processes that the recording has not, from its coverage.
struct Missed {
  std::optional<std::uint64_t> count;  // unset: unknown
  std::string why;                     // where it is not 0
};
// `rows_dropped`: whether the recorder lost rows between taking and writing them.
Missed missed_of(const RecordingFacts& facts, bool rows_dropped);
Result<Missed> missed_of(const Recording& recording);
// "none were missed", "12 births, execs or ends were missed (why)", "how many were missed is unknown: why".
std::string to_text(const Missed& missed);

}  // namespace tacho
