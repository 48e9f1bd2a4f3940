// SPDX-License-Identifier: Apache-2.0
// What the BPF programs have to know of the machine before they can read a task; found out by
// scope.bpf.c. Plain C, the same for the kernel's side and ours.
#pragma once

#include <linux/types.h>

#ifdef __cplusplus
namespace tacho {
#endif

// Beyond as many CPUs the resident memory of a process is not known; no machine of 2025 has more than
// 1,024.
enum { kMostCpus = 1024 };

struct TaskScope {
  __u64 pid_namespace;  // the recorder's, and how deep it lies; 0: none above it
  __u64 pid_level;
  __u64 anchor;         // where the map `cpu_anchor` is
  __u64 cpus;           // how many of the offsets below are known: all or none
  __u64 cpu_offset[kMostCpus];
};

#ifdef __cplusplus
}  // namespace tacho
#endif
