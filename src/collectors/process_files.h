// SPDX-License-Identifier: Apache-2.0
// The files of /proc/PID, parsed. Times are ns, sizes bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace tacho {

// /proc/PID/stat: "1 (systemd) S 0 1 1 0 -1 4194560 61047 ..."; the name may hold blanks and brackets.
struct ProcessStat {
  std::string_view command;  // bytes of the kernel's comm, at most 15
  char state = '?';
  std::int64_t parent = 0, process_group = 0, session = 0, terminal = 0;
  std::int64_t faults_minor = 0, faults_major = 0;
  std::int64_t user_time = 0, system_time = 0;  // in 10 ms steps
  std::int64_t priority = 0, nice = 0, threads = 0;
  std::int64_t start_ticks = 0;  // since boot, USER_HZ
  std::int64_t virtual_size = 0, resident_pages = 0;
  std::int64_t block_delay = 0;  // ns waiting for block I/O; 0 without task_delayacct
  std::int64_t flags = 0;
};
inline constexpr std::int64_t kKernelThreadFlag = 0x00200000;  // PF_KTHREAD
inline constexpr std::int64_t kNanosecondsPerTick = 10'000'000;  // USER_HZ is 100 on every Linux

std::optional<ProcessStat> parse_process_stat(std::string_view text);

// /proc/PID/status, what stat lacks.
struct ProcessStatus {
  std::optional<std::int64_t> resident_peak, swap;  // a kernel thread has none
  std::optional<std::int64_t> switches_voluntary, switches_involuntary;
  std::optional<std::int64_t> user, group;  // effective uid, gid
  std::optional<std::int64_t> inner_pid;    // in the innermost pid namespace, when it is another one
};
ProcessStatus parse_process_status(std::string_view text);

// /proc/PID/io. Denied for other users' processes.
struct ProcessIo {
  std::optional<std::int64_t> read_bytes, write_bytes;  // of storage
  std::optional<std::int64_t> read_characters, write_characters;  // through system calls
};
ProcessIo parse_process_io(std::string_view text);

// /proc/PID/cgroup: the unified path, else that of the memory controller, else the first one.
std::string_view parse_process_cgroup(std::string_view text);

// /proc/PID/limits: the soft limit of open files.
std::optional<std::int64_t> parse_open_files_limit(std::string_view text);

}  // namespace tacho
