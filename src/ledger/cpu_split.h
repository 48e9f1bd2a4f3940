// SPDX-License-Identifier: Apache-2.0
// User and system time of a process. The kernel counts their sum exactly and samples the two at ticks.
#pragma once

#include <cstdint>

namespace tacho {

struct CpuSplit {
  std::int64_t user, system;
};

// `exact` in the proportion of the sampled times, as the kernel itself does for rusage and /proc: all
// of it is the one that was seen where the other never was, and user time where neither was.
constexpr CpuSplit split_cpu_time(std::int64_t exact, std::int64_t sampled_user,
                                  std::int64_t sampled_system) {
  if (sampled_system <= 0) return {exact, 0};
  if (sampled_user <= 0) return {0, exact};
  const auto system = static_cast<std::int64_t>(static_cast<__int128>(exact) * sampled_system /
                                                (static_cast<__int128>(sampled_system) + sampled_user));
  return {exact - system, system};
}

// `now` as it can follow `before`: with the sum of `now`, and neither time goes back.
constexpr CpuSplit following(CpuSplit before, CpuSplit now) {
  const std::int64_t exact = now.user + now.system;
  if (now.system < before.system) now = {exact - before.system, before.system};
  if (now.user < before.user) now = {before.user, exact - before.user};
  return {now.user, now.system < before.system ? before.system : now.system};
}

}  // namespace tacho
