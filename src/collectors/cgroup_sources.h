// SPDX-License-Identifier: Apache-2.0
// The files of a control group, of version 1 and 2, and which figures each gives.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tacho::collector_cgroup {

// The figures of a group, in the order of the table's columns behind the texts.
enum Figure : std::size_t {
  cpu_time, cpu_time_user, cpu_time_system, cpu_periods, cpu_throttled_periods, cpu_throttled_time,
  cpu_quota, cpu_quota_period, memory_usage, memory_limit, memory_peak, memory_swap,
  memory_anonymous, memory_file, memory_inactive_file, memory_limit_hits, memory_high_hits,
  memory_oom, memory_oom_kill, io_read, io_write, operations_read, operations_write, task_count,
  task_limit, task_limit_hits, cpu_some, memory_some, memory_full, io_some, io_full, kFigures
};

using Figures = std::array<std::optional<std::int64_t>, kFigures>;

struct Source {
  std::string_view controller;  // of version 1; empty: version 2
  const char* file;
  // Takes the figures out of the file's text.
  void (*take)(std::string_view text, Figures& into);
  // activity: read at every turn. figure: read when the group was active, and every minute.
  // setting: read every minute, since only an administrator changes it.
  enum class Change : std::uint8_t { activity, figure, setting } change;
};

std::span<const Source> all_sources();

}  // namespace tacho::collector_cgroup
