// SPDX-License-Identifier: Apache-2.0
// Where tacho keeps things, and for whom.
#pragma once

#include <string>

namespace tacho {

// $XDG_STATE_HOME/tacho, else ~/.local/state/tacho; root: /var/lib/tacho; under sudo that of the user
// who called it.
std::string usual_place();
// Where the user's tacho.conf is: $XDG_CONFIG_HOME/tacho, else ~/.config/tacho; under sudo root's own.
// Empty without a home.
std::string configuration_place();
// Where the sockets of running recorders are: $XDG_RUNTIME_DIR/tacho; root: /run/tacho; without
// either, the usual place.
std::string socket_place();

// The user on whose behalf root works under sudo (SUDO_UID, SUDO_GID): what we make belongs to them.
struct Owner {
  unsigned user, group;
};
const Owner* calling_user();

}  // namespace tacho
