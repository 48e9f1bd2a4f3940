// SPDX-License-Identifier: Apache-2.0
// What each process used within a report's range: sums over all of them, and the largest ones. Memory
// grows with the processes that live at once, not with those that ended.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/saturating.h"
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
  bool has_cpu() const { return first_cpu >= 0 || ended_cpu > 0 || was_born_here; }

 private:
  std::int64_t grown(std::int64_t first, std::int64_t last) const {
    return saturating_difference(last, was_born_here ? 0 : std::max<std::int64_t>(first, 0));
  }
};

struct ReportedProcess {
  std::uint64_t number = 0;
  std::int64_t pid = 0;  // 0: never described
  ProcessTotals totals;
  std::string command = "?", line;  // after read_lines
  // "cc1 -quiet a.c", the folder of the program left out since a line has more to say; or
  // "[kworker/0:1]" where there is no command line.
  std::string label() const;
};

// The `room` processes with the most of a figure, the most first, equal ones in the order of their
// birth. One that has none of it is not among them.
class LargestProcesses {
 public:
  using Figure = std::int64_t (*)(const ProcessTotals&);
  LargestProcesses(std::size_t room, Figure figure) : room_(room), figure_(figure) {}
  void add(const ReportedProcess& process);
  const std::vector<ReportedProcess>& list() const { return list_; }

 private:
  std::size_t room_;
  Figure figure_;
  std::vector<ReportedProcess> list_;
};

// Any number of processes.
struct ProcessGroup {
  void add(const ReportedProcess& process);

  std::size_t count = 0;
  std::int64_t cpu = 0, read = 0, written = 0;
  bool misses_io = false;  // of some nothing is known
  bool has_cpu = false;    // of some it is known
  // As many of each as a report shows.
  LargestProcesses by_cpu{8, [](const ProcessTotals& totals) { return totals.cpu(); }};
  LargestProcesses by_peak{3, [](const ProcessTotals& totals) { return totals.peak; }};
  LargestProcesses by_io{3, [](const ProcessTotals& totals) { return saturating_sum(totals.read(), totals.written()); }};
};

struct ReportedProcesses {
  ProcessGroup command, others;
  // Highest sum of the resident memory of the command's living processes at a tick, and its time.
  std::int64_t highest_memory = 0, highest_memory_time = 0;
};

// Walks over process_info, process and process_exit together, once.
Result<ReportedProcesses> read_processes(const ReportContext& context);
// Reads the commands and lines of these.
Result<void> read_lines(const ReportContext& context, std::vector<ReportedProcess>& processes);

}  // namespace tacho
