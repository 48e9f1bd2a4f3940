// SPDX-License-Identifier: Apache-2.0
// What goes on around recording into a wide file: the recording beside it, and what a killed one
// left.
#pragma once

#include <string_view>

#include "base/error.h"
#include "recorder/recorder.h"

namespace tacho {

// Turns the options of a recording into those of a wide file: which tables, how often (5 s, unless
// the user said), and where the journals are.
void make_wide(RecorderOptions& options, WideOptions wide, bool has_interval);
// --without for what is left out by --no-gpu and --no-docker, as far as there are such tables.
void leave_out(RecorderOptions& options, std::string_view tables);

// Before recording: the file can be continued, nobody else writes it, and what a killed recorder
// left beside it is brought into it. What cannot be brought in is set aside, and that is told.
Result<void> prepare_wide(const RecorderOptions& options, bool quiet, std::string_view program);
// After it: removes the recording beside the file when all is in the file, and says where it is.
// False when something is missing in it.
bool end_wide(const RecorderOptions& options, const RecordResult& result, bool quiet,
              std::string_view program);

}  // namespace tacho
