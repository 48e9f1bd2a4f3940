// SPDX-License-Identifier: Apache-2.0
// One living process: the descriptors kept open for it, what was read last, and how it is read anew at
// the least cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "collectors/process_files.h"
#include "kernel/root.h"

namespace tacho {

// Reads the files of /proc/PID below a root. Not thread-safe: one buffer serves all reads.
class ProcessReader {
 public:
  static Result<ProcessReader> create(const Root& root);

  // All pids, ascending. `pids` holds what the call before said: where the kernel counts no process
  // made since then, it stays, with those that are gone.
  Result<void> list(std::vector<int>& pids);

  FileDescriptor open(int pid, const char* name) const;
  // The text of a kept descriptor or of a file opened for this; empty and `error` (errno) when it
  // cannot be read. Valid until the next read.
  std::string_view read(const FileDescriptor& kept, int& error);
  std::string_view read(int pid, const char* name, int& error);
  // What /proc/PID/NAME (exe, cwd) points to.
  std::optional<std::string> link(int pid, const char* name) const;
  // How many descriptors it may open; asked for by a system call where we may, which is a fortieth
  // of the cost of the file.
  std::optional<std::int64_t> descriptor_limit(int pid);
  // Number of open descriptors.
  std::optional<std::int64_t> count_descriptors(int pid) const;

 private:
  FileDescriptor folder_;  // /proc
  std::string buffer_;
  bool is_machine_ = false;
  KernelFile machine_stat_;
  std::optional<std::int64_t> made_;  // processes and threads, just before the last listing

  // How many processes and threads the kernel has made; nothing where that is not told.
  std::optional<std::int64_t> count_made();
};

// What is known of a living process. Plain data; the collector owns it.
struct LivingProcess {
  int pid = 0;
  std::uint64_t number = 0;
  FileDescriptor schedstat, statm;     // kept open while descriptors last
  FileDescriptor stat, io_file, status_file;  // the same, for one that runs at tick after tick
  int kept() const {
    return static_cast<bool>(schedstat) + static_cast<bool>(statm) + static_cast<bool>(stat) +
           static_cast<bool>(io_file) + static_cast<bool>(status_file);
  }

  // As last read.
  std::int64_t run_time = 0, run_delay = 0, slices = 0;     // of the main thread, ns
  std::int64_t virtual_pages = 0, resident_pages = 0;
  ProcessStat numbers;        // its `command` view is not valid later
  std::string command;
  ProcessStatus status;
  ProcessIo io;
  std::string cgroup;
  std::uint64_t arguments_hash = 0;
  std::uint64_t parent_number = 0;
  bool has_parent_number = false;

  std::uint64_t key_due = 0;   // tick of the next key row
  std::uint64_t ran_tick = 0;  // the last tick in which it was seen to have changed
  bool runs_often = false;     // that was so at two ticks one after the other
  // What its last key row said. It stays so while neither schedstat nor statm changes.
  bool changed_since_key = true;
  std::optional<std::int64_t> descriptor_count, oom_score, oom_score_adj;
  bool had_key = false;
  bool needs_info = false;     // to be described in this turn
  std::int64_t last_seen = 0;  // boottime, ns
  bool in_command = false;     // the command of `tacho run` or its descendant
  bool io_denied = false, descriptors_denied = false, executable_denied = false;
};

}  // namespace tacho
