// SPDX-License-Identifier: Apache-2.0
#include "views/ps/ending.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

namespace tacho {

std::string signal_name(std::int64_t signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX)
    return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  const char* name =
      signal > 0 && signal < NSIG ? sigabbrev_np(static_cast<int>(signal)) : nullptr;
  return name != nullptr ? std::string("SIG") + name : fmt::format("signal {}", signal);
}

std::string how_ended(const ProcessEnd& end) {
  if (end.signal && *end.signal != 0)
    return signal_name(*end.signal) + (end.core_dumped == 1 ? ", core" : "");
  return end.exit_code ? fmt::format("exit {}", *end.exit_code) : "unknown";
}

}  // namespace tacho
