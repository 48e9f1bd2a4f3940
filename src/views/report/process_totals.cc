// SPDX-License-Identifier: Apache-2.0
#include "views/report/process_totals.h"

#include <algorithm>

namespace tacho {

std::string ProcessName::label() const {
  if (line.empty()) return "[" + command + "]";
  const std::size_t slash = std::string_view(line).substr(0, line.find(' ')).rfind('/');
  return line.front() == '/' && slash != std::string::npos ? line.substr(slash + 1) : line;
}

Result<ReportedProcesses> ReportedProcesses::read(const ReportContext& context) {
  ReportedProcesses self;
  TRY(self.read_names(context));
  TRY(self.read_ends(context));
  TRY(self.read_figures(context));
  return self;
}

Result<void> ReportedProcesses::read_lines(const ReportContext& context,
                                           const std::unordered_set<std::uint64_t>& numbers) {
  const ReportContext whole{.recording = context.recording};
  return each_row(whole, "process_info", {"process", "command", "arguments"},
                  [&](const ColumnViews& at, std::int64_t row) {
                    const std::uint64_t number = at[0].word(row);
                    if (!numbers.contains(number)) return;
                    names_[number].command = at[1].text(row);
                    names_[number].line = at[2].text(row);
                  });
}

const ProcessName& ReportedProcesses::name(std::uint64_t number) const {
  static const ProcessName kUnknown{.command = "?"};
  const auto found = names_.find(number);
  return found == names_.end() ? kUnknown : found->second;
}

Result<void> ReportedProcesses::read_names(const ReportContext& context) {
  const std::int64_t start = context.recording.facts().start_boottime;
  // Of all time: a process may have been described before the range began.
  const ReportContext whole{.recording = context.recording};
  return each_row(
      whole, "process_info",
      {"process", "pid", "start_boottime", "in_command", "start_time"},
      [&](const ColumnViews& at, std::int64_t row) {
        const std::uint64_t number = at[0].word(row);
        // The kernel has the start in steps of 10 ms: of one born with the recording it can lie
        // before it, but the command itself was started by the recorder.
        const bool is_in_command = at[3].integer(row) == 1;
        const bool is_born_here = context.range.from
                                      ? !at[4].is_null(row) && at[4].integer(row) >= *context.range.from
                                      : is_in_command || at[2].integer(row) >= start;
        if (is_born_here) born_here_.insert(number);
        names_[number] = {.pid = at[1].integer(row), .is_in_command = is_in_command};
      });
}

Result<void> ReportedProcesses::read_ends(const ReportContext& context) {
  TRY(each_row(context, "process_exit",
               {"tick", "process", "cpu_time_user", "cpu_time_system", "disk_io_read",
                "disk_io_write", "memory_peak", "time"},
               [&](const ColumnViews& at, std::int64_t row) {
                 const std::uint64_t number = at[1].word(row);
                 if (name(number).is_in_command) ends_.emplace_back(at[0].word(row), number);
                 add_account(number, !context.range.from, at, row);
               }));
  std::ranges::sort(ends_);
  return {};
}

// The account of a whole life. Of one that was born before the range it says nothing about its part in
// it, unless ticks saw where that began.
void ReportedProcesses::add_account(std::uint64_t number, bool is_whole, const ColumnViews& at,
                                    std::int64_t row) {
  const bool is_born_here = born_here_.contains(number);
  if (!is_born_here && !is_whole) return;
  ProcessTotals& totals = totals_[number];
  totals.ended_cpu = at[2].integer(row) + at[3].integer(row);
  const auto take_io = [&](std::int64_t& first, std::int64_t& last, const ColumnView& column) {
    if (column.is_null(row)) return;
    if (is_born_here) first = 0;
    last = column.integer(row);
  };
  take_io(totals.first_read, totals.last_read, at[4]);
  take_io(totals.first_write, totals.last_write, at[5]);
  if (!at[6].is_null(row)) {
    totals.peak = at[6].integer(row);
    totals.peak_time = at[7].integer(row);
  }
}

Result<void> ReportedProcesses::read_figures(const ReportContext& context) {
  TRY(each_row(
      context, "process",
      {"process", "time", "cpu_time_user", "cpu_time_system", "cpu_time_main_thread", "thread_count",
       "disk_io_read", "disk_io_write", "memory_usage", "memory_peak", "tick"},
      [&](const ColumnViews& at, std::int64_t row) {
        const std::uint64_t number = at[0].word(row);
        ProcessTotals& totals = totals_[number];
        std::int64_t cpu = at[2].integer(row) + at[3].integer(row);
        if (at[5].integer(row) <= 1) cpu = std::max(cpu, at[4].integer(row));
        if (totals.first_cpu < 0) totals.first_cpu = cpu;
        totals.last_cpu = std::max(totals.last_cpu, cpu);
        if (!at[6].is_null(row)) {
          if (totals.first_read < 0) totals.first_read = at[6].integer(row);
          totals.last_read = std::max(totals.last_read, at[6].integer(row));
        }
        if (!at[7].is_null(row)) {
          if (totals.first_write < 0) totals.first_write = at[7].integer(row);
          totals.last_write = std::max(totals.last_write, at[7].integer(row));
        }
        // A peak from before the range counts only when what is resident reaches it.
        const std::int64_t memory = context.range.from
                                        ? at[8].integer(row)
                                        : std::max(at[8].integer(row), at[9].integer(row));
        if (memory >= totals.peak && memory > 0 && (memory > totals.peak || at[1].integer(row) < totals.peak_time)) {
          totals.peak = memory;
          totals.peak_time = at[1].integer(row);
        }
        add_memory(number, at[10].word(row), at[1].integer(row), at[8].integer(row));
      }));
  finish_tick();
  for (auto& [number, totals] : totals_) {
    totals.was_born_here = born_here_.contains(number);
    // One that no tick saw, born before: its account is not of this part alone.
    if (totals.was_born_here || totals.first_cpu >= 0)
      totals.last_cpu = std::max(totals.last_cpu, totals.ended_cpu);
  }
  return {};
}

// Rows come by tick; "no row" means unchanged, until the process ends.
void ReportedProcesses::add_memory(std::uint64_t number, std::uint64_t tick, std::int64_t time,
                                   std::int64_t memory) {
  if (tick != tick_) {
    finish_tick();
    tick_ = tick;
  }
  time_ = time;
  if (!name(number).is_in_command) return;
  std::int64_t& known = memory_[number];
  sum_ += memory - known;
  known = memory;
}

void ReportedProcesses::finish_tick() {
  for (; next_end_ < ends_.size() && ends_[next_end_].first <= tick_; ++next_end_) {
    const auto ended = memory_.find(ends_[next_end_].second);
    if (ended == memory_.end()) continue;
    sum_ -= ended->second;
    memory_.erase(ended);
  }
  if (sum_ > highest_memory_) {
    highest_memory_ = sum_;
    highest_memory_time_ = time_;
  }
}

}  // namespace tacho
