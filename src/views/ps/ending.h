// SPDX-License-Identifier: Apache-2.0
// How processes ended, in words.
#pragma once

#include <cstdint>
#include <string>

#include "views/ps/lives.h"

namespace tacho {

// "SIGKILL"; "signal 99" for a number without a name.
std::string signal_name(std::int64_t signal);
// "exit 0", "SIGSEGV", "SIGSEGV, core", "unknown".
std::string how_ended(const ProcessEnd& end);

}  // namespace tacho
