// SPDX-License-Identifier: Apache-2.0
#include "collectors/cgroup_sources.h"

#include "collectors/scaled.h"
#include "kernel/fields.h"

namespace tacho::collector_cgroup {
namespace {

constexpr std::int64_t kMicrosecond = 1000;
constexpr std::int64_t kTick = 10'000'000;  // USER_HZ is 100
// Version 1 has no word for "no limit" but the largest number of pages, which is beyond any memory.
constexpr std::int64_t kUnlimited = std::int64_t{1} << 62;

struct Wanted {
  std::string_view name;
  Figure figure;
  std::int64_t scale;
};

// "name value" lines.
void take_named(std::string_view text, std::span<const Wanted> wanted, Figures& into) {
  for (Lines lines(text); lines.next();) {
    const std::size_t blank = lines.line().find(' ');
    if (blank == std::string_view::npos) continue;
    const std::string_view name = lines.line().substr(0, blank);
    for (const Wanted& of : wanted) {
      if (of.name != name) continue;
      into[of.figure] = scaled(Fields(lines.line().substr(blank)).number(), of.scale);
    }
  }
}

template <Figure figure, std::int64_t scale = 1>
void take_number(std::string_view text, Figures& into) {
  into[figure] = scaled(Fields(text).number(), scale);
}

// "max" and version 1's largest number are no limit.
template <Figure figure>
void take_limit(std::string_view text, Figures& into) {
  const auto value = Fields(text).number();
  if (value && *value >= 0 && *value < kUnlimited) into[figure] = value;
}

void take_cpu_stat(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"usage_usec", cpu_time, kMicrosecond},
                                {"user_usec", cpu_time_user, kMicrosecond},
                                {"system_usec", cpu_time_system, kMicrosecond},
                                {"nr_periods", cpu_periods, 1},
                                {"nr_throttled", cpu_throttled_periods, 1},
                                {"throttled_usec", cpu_throttled_time, kMicrosecond}};
  take_named(text, kWanted, into);
}

// "100000 200000" or "max 100000": microseconds of each period.
void take_cpu_max(std::string_view text, Figures& into) {
  Fields fields(text);
  const auto quota = fields.number();
  const auto period = fields.number();
  if (!quota || !period) return;
  into[cpu_quota] = scaled(quota, kMicrosecond);
  into[cpu_quota_period] = scaled(period, kMicrosecond);
}

void take_memory_stat(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"anon", memory_anonymous, 1},
                                {"file", memory_file, 1},
                                {"inactive_file", memory_inactive_file, 1}};
  take_named(text, kWanted, into);
}

void take_memory_events(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"max", memory_limit_hits, 1},
                                {"high", memory_high_hits, 1},
                                {"oom", memory_oom, 1},
                                {"oom_kill", memory_oom_kill, 1}};
  take_named(text, kWanted, into);
}

void take_task_events(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"max", task_limit_hits, 1}};
  take_named(text, kWanted, into);
}

void add(std::optional<std::int64_t>& sum, std::string_view digits) {
  if (const auto value = Fields(digits).number()) sum = sum.value_or(0) + *value;
}

// "254:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6", a line for each device.
void take_io_stat(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"rbytes=", io_read, 1},
                                {"wbytes=", io_write, 1},
                                {"rios=", operations_read, 1},
                                {"wios=", operations_write, 1}};
  // A group without I/O has an empty file: that is zero, not unknown.
  for (const Wanted& of : kWanted) into[of.figure] = 0;
  Fields fields(text);
  for (std::string_view word = fields.word(); !word.empty(); word = fields.word())
    for (const Wanted& of : kWanted)
      if (word.starts_with(of.name)) add(into[of.figure], word.substr(of.name.size()));
}

std::optional<std::int64_t> total_of(std::string_view text, std::string_view which) {
  for (Lines lines(text); lines.next();) {
    const std::size_t total = lines.line().rfind("total=");
    if (!lines.line().starts_with(which) || total == std::string_view::npos) continue;
    return scaled(Fields(lines.line().substr(total + 6)).number(), kMicrosecond);
  }
  return std::nullopt;
}

template <Figure some, Figure full>
void take_pressure(std::string_view text, Figures& into) {
  into[some] = total_of(text, "some");
  if constexpr (full != kFigures) into[full] = total_of(text, "full");
}

// Version 1.
// cpuacct.stat: "user 18966" and "system 4683", in ticks.
void take_cpuacct_stat(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"user", cpu_time_user, kTick}, {"system", cpu_time_system, kTick}};
  take_named(text, kWanted, into);
}

void take_cpu_stat_1(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"nr_periods", cpu_periods, 1},
                                {"nr_throttled", cpu_throttled_periods, 1},
                                {"throttled_time", cpu_throttled_time, 1}};
  take_named(text, kWanted, into);
}

// -1: no quota.
void take_quota_1(std::string_view text, Figures& into) {
  const auto quota = Fields(text).number();
  if (quota && *quota >= 0) into[cpu_quota] = scaled(quota, kMicrosecond);
}

void take_memory_stat_1(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"total_rss", memory_anonymous, 1},
                                {"total_cache", memory_file, 1},
                                {"total_inactive_file", memory_inactive_file, 1},
                                {"total_swap", memory_swap, 1}};
  take_named(text, kWanted, into);
}

void take_oom_control(std::string_view text, Figures& into) {
  constexpr Wanted kWanted[] = {{"oom_kill", memory_oom_kill, 1}};
  take_named(text, kWanted, into);
}

// "254:0 Read 4096", "254:0 Write 8192", ..., at the end "Total 12288".
template <Figure read, Figure write>
void take_blkio(std::string_view text, Figures& into) {
  into[read] = 0;
  into[write] = 0;
  for (Lines lines(text); lines.next();) {
    Fields fields(lines.line());
    fields.skip(1);
    const std::string_view what = fields.word();
    if (what == "Read") add(into[read], fields.rest());
    if (what == "Write") add(into[write], fields.rest());
  }
}

using enum Source::Change;
constexpr Source kSources[] = {
    {"", "cpu.stat", take_cpu_stat, activity},
    {"", "memory.current", take_number<memory_usage>, activity},
    {"", "memory.events", take_memory_events, activity},
    {"", "memory.peak", take_number<memory_peak>, figure},  // Linux 5.19
    {"", "memory.swap.current", take_number<memory_swap>, figure},
    {"", "memory.stat", take_memory_stat, figure},
    {"", "io.stat", take_io_stat, figure},
    {"", "pids.current", take_number<task_count>, figure},
    {"", "pids.events", take_task_events, figure},
    {"", "cpu.pressure", take_pressure<cpu_some, kFigures>, figure},
    {"", "memory.pressure", take_pressure<memory_some, memory_full>, figure},
    // A group that only waits for a disk uses no CPU: this is how it shows.
    {"", "io.pressure", take_pressure<io_some, io_full>, activity},
    {"", "cpu.max", take_cpu_max, setting},
    {"", "memory.max", take_limit<memory_limit>, setting},
    {"", "pids.max", take_limit<task_limit>, setting},
    {"cpuacct", "cpuacct.usage", take_number<cpu_time>, activity},
    {"cpuacct", "cpuacct.stat", take_cpuacct_stat, figure},
    {"cpu", "cpu.stat", take_cpu_stat_1, figure},
    {"cpu", "cpu.cfs_quota_us", take_quota_1, setting},
    {"cpu", "cpu.cfs_period_us", take_number<cpu_quota_period, kMicrosecond>, setting},
    {"memory", "memory.usage_in_bytes", take_number<memory_usage>, activity},
    {"memory", "memory.max_usage_in_bytes", take_number<memory_peak>, figure},
    {"memory", "memory.failcnt", take_number<memory_limit_hits>, figure},
    {"memory", "memory.oom_control", take_oom_control, activity},  // oom_kill: Linux 4.13
    {"memory", "memory.stat", take_memory_stat_1, figure},
    {"memory", "memory.limit_in_bytes", take_limit<memory_limit>, setting},
    {"blkio", "blkio.throttle.io_service_bytes_recursive", take_blkio<io_read, io_write>, figure},
    {"blkio", "blkio.throttle.io_serviced_recursive",
     take_blkio<operations_read, operations_write>, figure},
    {"pids", "pids.current", take_number<task_count>, figure},
    {"pids", "pids.events", take_task_events, figure},
    {"pids", "pids.max", take_limit<task_limit>, setting}};

}  // namespace

std::span<const Source> all_sources() { return kSources; }

}  // namespace tacho::collector_cgroup
