// SPDX-License-Identifier: Apache-2.0
// Threads that may not be had: a control group or a user has only so many tasks.
#pragma once

#include <functional>
#include <thread>

#include "base/error.h"

namespace tacho {

// A thread that runs `body`; `what` names it in the error ("a thread for sensor").
Result<std::thread> start_thread(std::function<void()> body, std::string_view what);

}  // namespace tacho
