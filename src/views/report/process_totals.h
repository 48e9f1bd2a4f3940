// SPDX-License-Identifier: Apache-2.0
// What each process used within a report's range, and the command's processes together.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "views/report/section.h"

namespace tacho {

struct ProcessTotals {
  std::int64_t first_cpu = -1, last_cpu = 0;
  std::int64_t first_read = -1, last_read = 0, first_write = -1, last_write = 0;
  std::int64_t peak = 0, peak_time = 0;
  std::int64_t ended_cpu = 0;  // by the account of its end
  bool was_born_here = false;  // within the range: its first figures count too

  std::int64_t cpu() const { return grown(first_cpu, last_cpu); }
  std::int64_t read() const { return grown(first_read, last_read); }
  std::int64_t written() const { return grown(first_write, last_write); }
  bool has_io() const { return first_read >= 0; }

 private:
  std::int64_t grown(std::int64_t first, std::int64_t last) const {
    return last - (was_born_here ? 0 : std::max<std::int64_t>(first, 0));
  }
};

struct ProcessName {
  std::int64_t pid = 0;
  std::string command, line;
  bool is_in_command = false;
  // "cc1 -quiet a.c", the folder of the program left out since a line has more to say; or
  // "[kworker/0:1]" where there is no command line.
  std::string label() const;
};

class ReportedProcesses {
 public:
  // Reads process_info, process_exit and process, in this order, once each.
  static Result<ReportedProcesses> read(const ReportContext& context);

  const std::unordered_map<std::uint64_t, ProcessTotals>& totals() const { return totals_; }
  // Reads commands and lines of these; before that `name` has their pids alone.
  Result<void> read_lines(const ReportContext& context,
                          const std::unordered_set<std::uint64_t>& numbers);
  // A process that was never described has an empty name.
  const ProcessName& name(std::uint64_t number) const;
  // Highest sum of the resident memory of the command's living processes at a tick, and its time.
  std::int64_t highest_memory() const { return highest_memory_; }
  std::int64_t highest_memory_time() const { return highest_memory_time_; }

 private:
  Result<void> read_names(const ReportContext& context);
  Result<void> read_ends(const ReportContext& context);
  Result<void> read_figures(const ReportContext& context);
  void add_account(std::uint64_t number, bool is_whole, const ColumnViews& at, std::int64_t row);
  void add_memory(std::uint64_t number, std::uint64_t tick, std::int64_t time, std::int64_t memory);
  void finish_tick();

  std::unordered_map<std::uint64_t, ProcessTotals> totals_;
  std::unordered_map<std::uint64_t, ProcessName> names_;
  std::unordered_set<std::uint64_t> born_here_;
  // The sum, tick by tick.
  std::unordered_map<std::uint64_t, std::int64_t> memory_;  // of the command's living processes
  std::vector<std::pair<std::uint64_t, std::uint64_t>> ends_;  // (tick, number), of the command's
  std::size_t next_end_ = 0;
  std::uint64_t tick_ = 0;
  std::int64_t time_ = 0, sum_ = 0, highest_memory_ = 0, highest_memory_time_ = 0;
};

}  // namespace tacho
