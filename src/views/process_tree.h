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
  std::int64_t pid = 0, parent = 0;
  std::int64_t threads = 0, cpu_time = 0, memory = 0;
  std::optional<std::int64_t> start, disk_read, disk_written;
  std::string state, user, command, arguments;
  std::vector<std::size_t> children;  // indexes, by pid
};

class ProcessTree {
 public:
  // From the rows of processes_at (query/processes.h).
  static ProcessTree from(const arrow::RecordBatch& batch);

  const std::vector<TreeProcess>& all() const { return all_; }
  // Roots: processes whose parent is not there.
  const std::vector<std::size_t>& roots() const { return roots_; }
  std::optional<std::size_t> find(std::int64_t pid) const;
  // `start` and everything below it, parents first.
  std::vector<std::size_t> below(const std::vector<std::size_t>& start) const;
  // Those whose name, command line or pid contains the text (case aside).
  std::vector<std::size_t> containing(std::string_view text) const;

 private:
  std::vector<TreeProcess> all_;  // by pid
  std::vector<std::size_t> roots_;
};

// The tree below `start` as lines with branches; names are cut to the terminal.
void print_tree(const ProcessTree& tree, const std::vector<std::size_t>& start, Output& output);
// What a process is called in a list: its command line, else its name in brackets.
std::string label_of(const TreeProcess& process);
// {root_pid, processes[{pid,ppid,name,threads}], totals{total_processes,total_threads},
// aggregated_by_command[{command,processes,total_threads}], verbose}: the original proctree's form. With
// `verbose` each process has its user, state, command line, memory (bytes) and CPU time (ns) as well.
std::string tree_json(const ProcessTree& tree, const std::vector<std::size_t>& processes,
                      std::optional<std::int64_t> root, bool verbose);

}  // namespace tacho
