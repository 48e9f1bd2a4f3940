// SPDX-License-Identifier: Apache-2.0
// What walk.bpf.c shares with us. Plain C, the same for the kernel's side and ours.
#pragma once

#include <linux/types.h>

#ifdef __cplusplus
namespace tacho {
#endif

// Rows for one walk: 0.9 MiB of the kernel's memory, of which we map what was used. Whoever does not
// fit comes with the next walk.
enum { kWalkRows = 4096 };

// As WalkedProcess in ledger/walk.h, which says what they mean.
struct WalkRow {
  __s64 pid, start_boottime, parent_pid;
  __s64 state;
  __s64 cpu_time_user, cpu_time_system;
  __s64 cpu_time_main_thread;
  __s64 memory_usage, memory_peak, memory_virtual, memory_swap;
  __s64 disk_io_read, disk_io_write, io_read, io_write;
  __s64 paging_faults_minor, paging_faults_major;
  __s64 context_switches_voluntary, context_switches_involuntary;
  __s64 thread_count, nice, priority;
  __s64 delay_cpu, delay_block;
  __s64 oom_score_adj;
  __s64 file_descriptor_count, file_descriptor_limit;
  char command[16];
};

struct WalkState {
  // Ours to write before a walk.
  __u64 generation;  // who was not written since it last changed is written whatever it did
  __u64 walk;        // its number
  __u64 key_ticks;   // each process is written at one of as many walks
  __u64 page_bytes;
  // The walk's answer.
  __u64 living, written, left_out;
  // Its own.
  __u64 task;  // who is being looked at
};

#ifdef __cplusplus
}  // namespace tacho
#endif
