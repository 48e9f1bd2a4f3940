// SPDX-License-Identifier: Apache-2.0
// What the command of `tacho run` and its descendants used, as far as it was seen.
#pragma once

#include <cstdint>
#include <optional>

namespace tacho {

// Written by the process collector and read by the recorder, both in the tick thread.
struct CommandUsage {
  std::int64_t processes_seen = 0;
  std::int64_t cpu_time = 0;              // ns, of all seen, ended ones as they were last seen
  std::int64_t memory_usage = 0;          // bytes, of the living at the last tick
  std::int64_t memory_usage_highest = 0;  // highest of these sums; shared pages count more than once
  std::int64_t highest_time = 0;          // when, ns since 1970 UTC
  std::optional<std::int64_t> memory_peak_largest;  // bytes: the largest of the exact peaks of ended ones
  std::int64_t read_bytes = 0, write_bytes = 0;  // of storage
  std::int64_t unreadable = 0;            // processes whose I/O our rights do not show
};

}  // namespace tacho
