// SPDX-License-Identifier: Apache-2.0
// The three tables about processes. Every source of them (reading /proc here, the kernel's own
// sources) fills the same columns; null where a source cannot know.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "schema/table.h"

namespace tacho {

// `time` in ticks, at least one and at most `most`.
std::uint64_t ticks_within(Nanoseconds time, Nanoseconds interval, std::uint64_t most);
// A key row repeats a process whose figures do not change, so that a reader has not to look back
// further than so many ticks.
std::uint64_t process_key_ticks(Nanoseconds interval);

extern const Table kProcessTable;
extern const Table kProcessInfoTable;
extern const Table kProcessExitTable;

namespace process_column {
enum : std::size_t {
  process, pid, state, cpu_time_user, cpu_time_system, cpu_time_main_thread, memory_usage,
  memory_peak, memory_virtual, memory_swap, disk_io_read, disk_io_write, io_read, io_write,
  paging_faults_minor, paging_faults_major, context_switches_voluntary,
  context_switches_involuntary, thread_count, file_descriptor_count, file_descriptor_limit, nice,
  priority, delay_cpu, delay_block, oom_score, oom_score_adj, count
};
}
namespace process_info_column {
enum : std::size_t {
  process, pid, parent_process, parent_pid, inner_pid, start_time, start_boottime, command,
  executable, arguments, arguments_cut, user_id, user, group_id, process_group, session, cgroup,
  kernel_thread, in_command, container, unit, job, count
};
}
namespace process_exit_column {
enum : std::size_t {
  process, pid, source, exit_code, signal, core_dumped, exit_time, last_boottime, cpu_time_user,
  cpu_time_system, memory_peak, disk_io_read, disk_io_write, paging_faults_minor,
  paging_faults_major, context_switches_voluntary, context_switches_involuntary, io_read, io_write,
  delay_cpu, delay_block, count
};
}

}  // namespace tacho
