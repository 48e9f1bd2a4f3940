// SPDX-License-Identifier: Apache-2.0
// The files of living processes, read at the least cost.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
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
  // ns of CPU time of all its threads, those that ended too, exact; nothing when there is none with this
  // pid. By a system call that needs neither a descriptor nor rights, at half of the cost of a read.
  // Only where has_clocks().
  std::optional<std::int64_t> cpu_time(int pid) const;
  bool has_clocks() const { return has_clocks_; }
  // How many descriptors it may open; asked for by a system call where we may, which is a fortieth
  // of the cost of the file.
  std::optional<std::int64_t> descriptor_limit(int pid);
  bool exists(int pid) const;
  // Number of open descriptors.
  std::optional<std::int64_t> count_descriptors(int pid) const;

 private:
  FileDescriptor folder_;  // /proc
  std::string buffer_;
  bool is_machine_ = false;
  bool has_our_pids_ = false;  // what /proc calls a process, system calls do too
  bool has_clocks_ = false;
  KernelFile machine_stat_;
  std::optional<std::int64_t> made_;  // processes and threads, just before the last listing

  bool shows_our_pids();
  // How many processes and threads the kernel has made; nothing where that is not told.
  std::optional<std::int64_t> count_made();
};

}  // namespace tacho
