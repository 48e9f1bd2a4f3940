// SPDX-License-Identifier: Apache-2.0
// Recording in the foreground, as `tacho record` and the system tracer's `run` do it.
#pragma once

#include <string_view>

#include "recorder/recorder.h"

namespace tacho {

// Records, says on stderr what its user must know, and on standard output where the recording (or
// the wide file) is, unless `quiet`. The exit status.
// `program` is what its messages begin with.
int record_and_tell(RecorderOptions options, bool quiet, std::string_view program);

}  // namespace tacho
