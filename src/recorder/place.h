// SPDX-License-Identifier: Apache-2.0
// How the folder of a new recording is made.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace tacho {

struct RecordingPlace {
  FileDescriptor folder;  // locked with flock while it is held
  std::string path;       // absolute
};

// Makes the folder of a new recording, 0700, and locks it. With `output` empty:
// NAME-YYYYmmdd-HHMMSS.tacho in the usual place. With `output`: that very folder, which must be
// absent or empty; a name without the suffix .tacho gets it. Refuses a place that others can write,
// unless `output` names it.
Result<RecordingPlace> make_recording_place(std::string_view output, std::string_view name,
                                            Nanoseconds time);

// Denied unless the folder is ours or the calling user's: whoever owns it can read, change and replace
// all that comes into it. `path` is what the message calls it.
Result<void> refuse_of_another(const FileDescriptor& folder, const std::string& path);

}  // namespace tacho
