// SPDX-License-Identifier: Apache-2.0
// Options that several commands of tacho take.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/flags.h"
#include "recorder/recorder.h"

namespace tacho {

// --interval --output --name --utc --processes --only --without --set, which `run` and `record` share.
std::vector<Flag> recorder_flags(RecorderOptions& options);
// Whether the tables and settings named exist.
Result<void> check_recorder_options(const RecorderOptions& options);

}  // namespace tacho
