// SPDX-License-Identifier: Apache-2.0
// Where recordings live and how a new one's folder is made.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace tacho {

// $XDG_STATE_HOME/tacho, else ~/.local/state/tacho; root: /var/lib/tacho; under sudo that of the user
// who called it.
std::string usual_place();
// Where the sockets of running recorders are: $XDG_RUNTIME_DIR/tacho; root: /run/tacho; without
// either, the usual place.
std::string socket_place();

// The user on whose behalf root works under sudo (SUDO_UID, SUDO_GID): what we make belongs to them.
struct Owner {
  unsigned user, group;
};
const Owner* calling_user();

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

}  // namespace tacho
