// SPDX-License-Identifier: Apache-2.0
#include "recorder/receipt.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "base/units.h"

namespace tacho {
namespace {

// Between ticks that lie closer than this a share says nothing.
constexpr std::int64_t kShortestSpan = 10'000'000;
// Less than this share of the time is lost to waiting on every machine.
constexpr double kWorthSaying = 0.01;

std::optional<std::size_t> column_of(const Table& table, std::string_view name) {
  for (std::size_t index = 0; index < table.columns.size(); ++index)
    if (table.columns[index].name == name) return kStampColumns + index;
  return std::nullopt;
}

std::optional<std::int64_t> value_of(const Rows& rows, std::string_view name, std::size_t row) {
  const auto index = column_of(rows.table(), name);
  if (!index) return std::nullopt;
  const ColumnData& column = rows.columns()[*index];
  if ((column.present[row / 64] >> (row % 64) & 1) == 0) return std::nullopt;
  return static_cast<std::int64_t>(column.words[row]);
}

std::string_view text_of(const Rows& rows, std::string_view name, std::size_t row) {
  const auto index = column_of(rows.table(), name);
  if (!index) return {};
  const ColumnData& column = rows.columns()[*index];
  const auto begin = static_cast<std::size_t>(row == 0 ? 0 : column.ends[row - 1]);
  return std::string_view(column.bytes).substr(begin, static_cast<std::size_t>(column.ends[row]) - begin);
}

std::string ending_of(const CommandEnd& end) {
  std::string text = end.timed_out ? "timed out, " : "";
  if (end.signal)
    return text + fmt::format("ended by signal {} ({}){}", *end.signal, strsignal(*end.signal),
                              end.core_dumped ? ", core dumped" : "");
  return text + fmt::format("exit {}", end.exit_code.value_or(0));
}

std::string clock_time(std::int64_t time) {
  return format_clock_time(Nanoseconds(time), Zone::local);
}

// The higher of what two sources know.
std::string memory_line(const CommandUsage& usage, const CommandFacts& command) {
  // wait4's peak counts what the process was before its exec, the exact one does not.
  const auto exact = usage.memory_peak_largest;
  const std::int64_t largest = exact ? *exact : command.memory_peak.value_or(0);
  if (usage.memory_usage_highest >= largest) {
    const std::string process = exact ? fmt::format(" · largest process {}", format_size(*exact)) : "";
    return fmt::format("  memory:    {} (highest sum at a tick, {}; shared pages count more than once){}\n",
                       format_size(usage.memory_usage_highest), clock_time(usage.highest_time), process);
  }
  return fmt::format("  memory:    {} (its largest process{}; no sum at a tick was higher)\n",
                     format_size(largest), exact ? "" : ", from wait4");
}

}  // namespace

void Receipt::observe(const Rows& rows) {
  if (rows.size() == 0) return;
  if (rows.table().name == "memory") observe_memory(rows);
  if (rows.table().name == "pressure") observe_pressure(rows);
}

void Receipt::observe_memory(const Rows& rows) {
  const auto limit = value_of(rows, "limit", 0);
  const auto available = value_of(rows, "available", 0);
  if (!limit || !available) return;
  memory_limit_ = limit;
  if (!memory_highest_ || *limit - *available > *memory_highest_) {
    memory_highest_ = *limit - *available;
    memory_highest_time_ = rows.stamp().time;
  }
}

void Receipt::observe_pressure(const Rows& rows) {
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const std::string_view resource = text_of(rows, "resource", row);
    const auto some = value_of(rows, "some", row);
    if (!some) continue;
    auto known = std::ranges::find(pressure_, resource, &Pressure::resource);
    if (known == pressure_.end()) {
      pressure_.push_back({std::string(resource), *some, rows.stamp().boottime});
      continue;
    }
    const std::int64_t span = rows.stamp().boottime - known->boottime;
    if (span < kShortestSpan) continue;
    const double share = std::min(1.0, static_cast<double>(*some - known->some) / static_cast<double>(span));
    if (share > worst_share_) {
      worst_share_ = share;
      worst_resource_ = resource;
      worst_time_ = rows.stamp().time;
    }
    known->some = *some;
    known->boottime = rows.stamp().boottime;
  }
}

std::string Receipt::machine_line() const {
  std::string line;
  if (memory_highest_)
    line = fmt::format("at most {} of {} in use ({})", format_size(*memory_highest_),
                       format_size(*memory_limit_), clock_time(memory_highest_time_));
  if (worst_share_ >= kWorthSaying)
    line += fmt::format("{}worst pressure: {} {:.0f} % ({})", line.empty() ? "" : " · ",
                        worst_resource_, 100 * worst_share_, clock_time(worst_time_));
  return line.empty() ? "" : "  machine:   " + line + "\n";
}

std::int64_t cpu_time_of(const CommandFacts& command, const CommandUsage& usage) {
  const std::int64_t waited = command.cpu_time_user.value_or(0) + command.cpu_time_system.value_or(0);
  return std::max(waited, usage.cpu_time);
}

std::string Receipt::text(const RecordingFacts& facts, const CommandUsage& usage,
                          const std::string& path) const {
  if (!facts.command || !facts.command->end) return "";
  const CommandFacts& command = *facts.command;
  const std::int64_t wall = command.end_boottime.value_or(0) - command.start_boottime;
  const std::int64_t cpu = cpu_time_of(command, usage);
  const double cores = wall > 0 ? static_cast<double>(cpu) / static_cast<double>(wall) : 0;
  std::string out = fmt::format(
      "tacho: {} after {} · CPU time {} ({:.0f} % of {} core{})\n", ending_of(*command.end),
      format_duration(Nanoseconds(wall)), format_duration(Nanoseconds(cpu)),
      100 * cores / std::max(1, facts.host.cpu_count), facts.host.cpu_count,
      facts.host.cpu_count == 1 ? "" : "s");
  out += memory_line(usage, command);
  // The command itself lived, even when no tick saw it. What a process that is polled read and
  // wrote after its last tick is not known either.
  const bool sees_all_processes = facts.processes_missed && facts.processes_missed->count == 0;
  const std::int64_t seen = std::max<std::int64_t>(1, usage.processes_seen);
  out += fmt::format("  storage:   {}{} read, {} written · {}{} process{}\n",
                     sees_all_processes && usage.unreadable == 0 ? "" : "at least ",
                     format_size(usage.read_bytes), format_size(usage.write_bytes),
                     sees_all_processes ? "" : "at least ", seen, seen == 1 ? "" : "es");
  out += machine_line();
  out += fmt::format("  recording: {}\n", path);
  return out;
}

}  // namespace tacho
