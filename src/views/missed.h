// SPDX-License-Identifier: Apache-2.0
// How many births and ends of processes a recording has not, in words.
#pragma once

#include <string>

#include "journal/facts.h"
#include "query/recording.h"

namespace tacho {

// `rows_dropped`: whether the recorder lost rows between taking and writing them.
MissedProcesses missed_of(const RecordingFacts& facts, bool rows_dropped);
// Looks for that in the table `event`.
Result<MissedProcesses> missed_of(const Recording& recording);
// "none were missed", "12 births, execs or ends were missed in the whole recording: why", "how many were
// missed is unknown: why".
std::string to_text(const MissedProcesses& missed);

}  // namespace tacho
