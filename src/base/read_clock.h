// SPDX-License-Identifier: Apache-2.0
// Any clock of the kernel, for those who are handed none (base/clock.h).
#pragma once

#include <time.h>

#include <chrono>
#include <optional>

namespace tacho {

// Nothing where the kernel does not have it, such as the clock of a process that is gone.
inline std::optional<std::chrono::nanoseconds> find_clock(clockid_t clock) {
  timespec value{};
  if (clock_gettime(clock, &value) != 0) return std::nullopt;
  return std::chrono::seconds(value.tv_sec) + std::chrono::nanoseconds(value.tv_nsec);
}

// One that there always is.
inline std::chrono::nanoseconds read_clock(clockid_t clock) {
  return find_clock(clock).value_or(std::chrono::nanoseconds{});
}

}  // namespace tacho
