// SPDX-License-Identifier: Apache-2.0
// What both programs read of a task.
#pragma once

#include "ledger/bpf/kernel_types.h"

// The kernel says where its own per-CPU variables are only with KALLSYMS_ALL. A per-CPU map of ours
// lies in the same area: the address of its element on one CPU, less the shared address in the map's
// own structure, is the offset of that CPU for everything. A pointer becomes a number on the way
// through memory.
static __always_inline u64 shared_address_of(u64 map_address) {
  u64 shared = 0;
  bpf_probe_read_kernel(&shared, sizeof shared,
                        (void *)(map_address + bpf_core_field_offset(struct bpf_array, pptrs)));
  return shared;
}

// The sum over the counters of all CPUs for what is resident: files, anonymous, shared. The counters
// alone lag by up to 32 pages for each CPU (more on large machines).
static __always_inline s64 sum_of_cpus(struct mm_struct *mm, const u64 *cpu_offset, u32 cpus,
                                       u32 most_cpus, s64 *swapped) {
  s64 resident = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
  s64 in_swap = mm->rss_stat[2].count;
  const u64 first = (u64)mm->rss_stat[0].counters;
  const u64 second = (u64)mm->rss_stat[1].counters;
  const u64 third = (u64)mm->rss_stat[2].counters;
  const u64 fourth = (u64)mm->rss_stat[3].counters;
  // One allocation since Linux 6.6.
  const int together = second - first == 4 && third - first == 8 && fourth - first == 12;
  for (u32 cpu = 0; cpu < most_cpus; ++cpu) {
    if (cpu >= cpus) break;
    const u64 offset = cpu_offset[cpu];
    s32 of_cpu[4] = {};
    if (together) {
      bpf_probe_read_kernel(of_cpu, sizeof of_cpu, (void *)(first + offset));
    } else {
      bpf_probe_read_kernel(&of_cpu[0], sizeof of_cpu[0], (void *)(first + offset));
      bpf_probe_read_kernel(&of_cpu[1], sizeof of_cpu[1], (void *)(second + offset));
      bpf_probe_read_kernel(&of_cpu[2], sizeof of_cpu[2], (void *)(third + offset));
      bpf_probe_read_kernel(&of_cpu[3], sizeof of_cpu[3], (void *)(fourth + offset));
    }
    resident += of_cpu[0] + of_cpu[1] + of_cpu[3];
    in_swap += of_cpu[2];
  }
  *swapped = in_swap;
  return resident;
}

// Pages; -1 where it cannot be told.
static __always_inline s64 resident_pages(struct mm_struct *mm, const u64 *cpu_offset, u32 cpus,
                                          u32 most_cpus, s64 *swapped) {
  *swapped = -1;
  if (bpf_core_type_exists(struct mm_rss_stat)) {
    struct mm_struct___before_6_2 *old = (void *)mm;
    *swapped = old->rss_stat.count[2].counter;
    return old->rss_stat.count[0].counter + old->rss_stat.count[1].counter +
           old->rss_stat.count[3].counter;
  }
  if (!bpf_core_field_exists(struct percpu_counter, counters)) {
    *swapped = mm->rss_stat[2].count;
    return mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
  }
  return cpus == 0 ? -1 : sum_of_cpus(mm, cpu_offset, cpus, most_cpus, swapped);
}
