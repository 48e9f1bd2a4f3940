// SPDX-License-Identifier: Apache-2.0
#include "base/thread.h"

#include <system_error>

namespace tacho {

Result<std::thread> start_thread(std::function<void()> body, std::string_view what) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return system_error("start", what, error.code().value());
  }
}

}  // namespace tacho
