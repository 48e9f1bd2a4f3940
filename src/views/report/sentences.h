// SPDX-License-Identifier: Apache-2.0
// Facts of a recording in words.
#pragma once

#include <string>

#include "journal/facts.h"

namespace tacho {

// "exit 0", "signal 9 (Killed)", "recording now", "stopped", "broken off" (the recorder was killed).
std::string ending_of(const RecordingFacts& facts, bool is_recording_now);
// The command of `tacho run` on one line; empty for `record`.
std::string command_line_of(const RecordingFacts& facts);

}  // namespace tacho
