// SPDX-License-Identifier: Apache-2.0
// A walk over the living processes inside the kernel: the cheapest way to the table `process`.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"

namespace tacho {

// One process, all its threads together. Written by the kernel's side (bpf/walk.bpf.c), so plain C
// layout: every member has 8 bytes. Times in ns, memory in bytes; -1 where the kernel does not say.
struct WalkedProcess {
  std::int64_t pid, start_boottime, parent_pid;
  std::int64_t state;                    // the letter of /proc/PID/stat
  std::int64_t cpu_time_user, cpu_time_system;  // scaled so that their sum is exact
  std::int64_t cpu_time_main_thread;
  std::int64_t memory_usage, memory_peak, memory_virtual, memory_swap;
  std::int64_t disk_io_read, disk_io_write, io_read, io_write;
  std::int64_t paging_faults_minor, paging_faults_major;
  std::int64_t context_switches_voluntary, context_switches_involuntary;
  std::int64_t thread_count, nice, priority;
  std::int64_t delay_cpu, delay_block;
  std::int64_t oom_score_adj;
  std::int64_t file_descriptor_count, file_descriptor_limit;  // limit: -1 too where there is none
  char command[16];
};

struct Walk {
  std::span<const WalkedProcess> changed;  // valid until the next walk, in the kernel's order
  std::int64_t living = 0;                 // processes met, the unchanged ones included
  bool complete = true;                    // false: there was no room for all that changed
};

class ProcessWalker {
 public:
  virtual ~ProcessWalker() = default;
  // All processes that ran since the walk before; with `all`, and for a share of the idle ones at
  // every walk (each within `key_ticks` walks), whatever they did.
  virtual Result<Walk> walk(bool all) = 0;
};

}  // namespace tacho
