// SPDX-License-Identifier: Apache-2.0
// What the programs read of a task.
#pragma once

#include "ledger/bpf/kernel_types.h"
#include "ledger/bpf/task_scope.h"

// Put in before loading, so that the verifier knows it: what does not apply here is left out of the programs,
// and a loop over CPUs has an end.
const volatile struct TaskScope scope;

// What the numbers of a pid in 32 namespaces take at most. Before Linux 6.2 the verifier wants to know how
// far behind a pointer we read.
#define MOST_BYTES 1023

static __always_inline struct upid number_at(struct pid *pid, u64 level) {
  struct upid number = {};
  bpf_probe_read_kernel(&number, sizeof number,
                        (void *)pid + bpf_core_field_offset(struct pid, numbers) +
                            ((level * bpf_core_type_size(struct upid)) & MOST_BYTES));
  return number;
}

// The number in the recorder's pid namespace; 0: it has none there.
static __always_inline int number_of(struct pid *pid) {
  if (!pid) return 0;
  if (scope.pid_level == 0) {
    int outermost = pid->numbers[0].nr;
    barrier_var(outermost);  // or the compiler makes one load of this and the next
    return outermost;
  }
  if (pid->level < scope.pid_level) return 0;
  const struct upid number = number_at(pid, scope.pid_level);
  return (u64)number.ns == scope.pid_namespace ? number.nr : 0;
}

static __always_inline int pid_of(struct task_struct *leader) {
  int pid = leader->tgid;
  barrier_var(pid);
  if (scope.pid_level != 0) pid = number_of(leader->signal->pids[kPidOfGroup]);
  return pid;
}

static __always_inline int inner_pid_of(struct task_struct *leader) {
  int pid = leader->tgid;
  barrier_var(pid);
  struct pid *own = leader->signal->pids[kPidOfGroup];
  if (own && own->level != 0) pid = number_at(own, own->level).nr;
  return pid;
}

static __always_inline void copy_name(char *name, struct task_struct *task) {
  ((u64 *)name)[0] = ((u64 *)task->comm)[0];
  ((u64 *)name)[1] = ((u64 *)task->comm)[1];
}

// The same task as a pointer that the verifier trusts nothing about. For each pointer that is read from
// a trusted one it looks through the names of all the kernel's types three times, which is a hundred
// milliseconds for a program. Kernels before 6.2 do neither, and have not the function; asked for it libbpf
// would look through the types of all modules there, which takes more rights than we have.
static __always_inline struct task_struct *plain(u64 task) {
#ifdef TACHO_BEFORE_6_2
  return (void *)task;
#else
  return bpf_rdonly_cast((void *)task, bpf_core_type_id_kernel(struct task_struct));
#endif
}

static __always_inline int has_counters_per_cpu(void) {
  return bpf_core_field_exists(struct mm_struct, rss_stat);  // as an array: before it was none
}

// Four counters of a CPU that lie together: two loads instead of a helper that copies. It takes a type of the
// kernel with two words; this one has been there for long.
static __always_inline void read_four(s32 *into, u64 address) {
#ifdef TACHO_BEFORE_6_2
  bpf_probe_read_kernel(into, 4 * sizeof *into, (void *)address);
#else
  const struct timespec64 *words =
      bpf_rdonly_cast((void *)address, bpf_core_type_id_kernel(struct timespec64));
  const u64 low = words->tv_sec, high = words->tv_nsec;
  into[0] = low, into[1] = low >> 32, into[2] = high, into[3] = high >> 32;
#endif
}

// The sum over the counters of all CPUs for what is resident: files, anonymous, shared. The counters
// alone lag by up to 32 pages for each CPU (more on large machines).
static __always_inline s64 sum_of_cpus(struct mm_struct *mm, s64 *swapped) {
  s64 resident = mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
  s64 in_swap = mm->rss_stat[2].count;
  const u64 first = (u64)mm->rss_stat[0].counters;
  const u64 second = (u64)mm->rss_stat[1].counters;
  const u64 third = (u64)mm->rss_stat[2].counters;
  const u64 fourth = (u64)mm->rss_stat[3].counters;
  // One allocation since Linux 6.6.
  const int together = second - first == 4 && third - first == 8 && fourth - first == 12;
  for (u32 cpu = 0; cpu < kMostCpus && cpu < scope.cpus; ++cpu) {
    const u64 offset = scope.cpu_offset[cpu];
    s32 of_cpu[4] = {};
    if (together) {
      read_four(of_cpu, first + offset);
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
static __always_inline s64 resident_pages(struct mm_struct *mm, s64 *swapped) {
  *swapped = -1;
  if (!has_counters_per_cpu()) {
    // By address: the verifier of these kernels goes into no array of a typedef.
    struct mm_struct___before_6_2 *old = (void *)mm;
    s64 counts[4] = {};
    bpf_probe_read_kernel(counts, sizeof counts, &old->rss_stat);
    *swapped = counts[2];
    return counts[0] + counts[1] + counts[3];
  }
  if (!bpf_core_field_exists(struct percpu_counter, counters)) {
    *swapped = mm->rss_stat[2].count;
    return mm->rss_stat[0].count + mm->rss_stat[1].count + mm->rss_stat[3].count;
  }
  return scope.cpus == 0 ? -1 : sum_of_cpus(mm, swapped);
}
