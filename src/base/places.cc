// SPDX-License-Identifier: Apache-2.0
#include "base/places.h"

#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

#include <optional>

#include "base/text.h"

namespace tacho {
namespace {

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

std::string home_of(unsigned user) {
  const passwd* entry = getpwuid(user);
  return entry == nullptr || entry->pw_dir == nullptr ? "" : entry->pw_dir;
}

std::string state_home() {
  if (const Owner* caller = calling_user()) {
    const std::string home = home_of(caller->user);
    if (!home.empty()) return home + "/.local/state";
  }
  const std::string state = variable("XDG_STATE_HOME");
  if (state.starts_with('/')) return state;
  if (geteuid() == 0) return "";
  std::string home = variable("HOME");
  if (!home.starts_with('/')) home = home_of(geteuid());
  return home.empty() ? "" : home + "/.local/state";
}

}  // namespace

const Owner* calling_user() {
  static const std::optional<Owner> owner = []() -> std::optional<Owner> {
    if (geteuid() != 0) return std::nullopt;
    const auto user = parse_integer<unsigned>(variable("SUDO_UID"));
    const auto group = parse_integer<unsigned>(variable("SUDO_GID"));
    if (!user || !group || *user == 0) return std::nullopt;
    return Owner{*user, *group};
  }();
  return owner ? &*owner : nullptr;
}

std::string usual_place() {
  const std::string state = state_home();
  return state.empty() ? "/var/lib/tacho" : state + "/tacho";
}

std::string configuration_place() {
  const std::string configuration = variable("XDG_CONFIG_HOME");
  if (configuration.starts_with('/') && calling_user() == nullptr) return configuration + "/tacho";
  std::string home = calling_user() == nullptr ? variable("HOME") : "";
  if (!home.starts_with('/')) home = home_of(geteuid());
  return home.empty() ? "" : home + "/.config/tacho";
}

std::string socket_place() {
  const std::string runtime = variable("XDG_RUNTIME_DIR");
  if (runtime.starts_with('/') && calling_user() == nullptr) return runtime + "/tacho";
  if (geteuid() == 0 && calling_user() == nullptr) return "/run/tacho";
  return usual_place();
}

}  // namespace tacho
