// SPDX-License-Identifier: Apache-2.0
// Processes at an instant as a tree.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "query/rows.h"
#include "views/output.h"

namespace tacho {

struct TreeProcess {
  std::int64_t pid = 0, parent = 0, memory = 0;
  // In files of other programs some are unknown.
  std::optional<std::int64_t> threads, cpu_time, start, disk_read, disk_written;
  std::optional<double> cpu_share;  // CPU time a second; 1 is a whole CPU
  std::string state, user, command, arguments;
  std::vector<std::size_t> children;  // indexes, by pid
};

class ProcessTree {
 public:
  // From the rows of processes_at (query/processes.h).
  static ProcessTree from(const arrow::RecordBatch& batch);

  const std::vector<TreeProcess>& all() const { return all_; }
  // Roots: processes whose parent is not there; of those that are each other's parents, one.
  const std::vector<std::size_t>& roots() const { return roots_; }
  // Nothing says what CPU time they used, but how busy they were.
  bool has_shares_only() const { return has_shares_only_; }
  std::optional<std::size_t> find(std::int64_t pid) const;
  // `start` and everything below it, parents first.
  std::vector<std::size_t> below(const std::vector<std::size_t>& start) const;
  // Those whose name, command line or pid contains the text (case aside).
  std::vector<std::size_t> containing(std::string_view text) const;

 private:
  void add_roots_of_rings();

  std::vector<TreeProcess> all_;  // by pid
  std::vector<std::size_t> roots_;
  bool has_shares_only_ = false;
};

// The tree below `start` as lines with branches; names are cut to the terminal.
void print_tree(const ProcessTree& tree, const std::vector<std::size_t>& start, Output& output);
// "1.5 s", or "12 %" where only shares are known; empty: unknown.
std::string cpu_text(const TreeProcess& process);
// What a process is called in a list: its command line, else its name in brackets.
std::string label_of(const TreeProcess& process);
// {root_pid, processes[{pid,ppid,name,threads}], totals{total_processes,total_threads},
// aggregated_by_command[{command,processes,total_threads}], verbose}: the original proctree's form. With
// `verbose` each process has its user, state, command line, memory (bytes) and CPU time (ns) as well.
std::string tree_json(const ProcessTree& tree, const std::vector<std::size_t>& processes,
                      std::optional<std::int64_t> root, bool verbose);

}  // namespace tacho
