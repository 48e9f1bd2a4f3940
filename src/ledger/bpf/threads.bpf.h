// SPDX-License-Identifier: Apache-2.0
// Sums over the threads of a process. Every loop is a function of its own, which the verifier looks at once.
#pragma once

#include "ledger/bpf/tasks.bpf.h"

#define PF_EXITING 4

// They are walked from the leader's node in the group's list.
struct Threads {
  u64 node, head;
  u64 time;
  u64 user, system, minor, major, voluntary, involuntary;
  u64 storage_read, storage_written, read, written;
  u64 waited, blocked;
  u64 has_statistics;
};

static __always_inline struct task_struct *next_thread(struct Threads *threads) {
  const u64 node = threads->node;
  if (node == threads->head || node == 0) return 0;
  struct task_struct *thread =
      plain(node - bpf_core_field_offset(struct task_struct, thread_node));
  threads->node = (u64)thread->thread_node.next;
  return thread;
}

// More threads than any process can have (PID_MAX_LIMIT); the loop ends with the list.
#define MOST_THREADS (4 << 20)

static __always_inline void begin(struct Threads *threads, struct signal_struct *signal) {
  threads->head = (u64)signal + bpf_core_field_offset(struct signal_struct, thread_head);
  threads->node = (u64)signal->thread_head.next;
}

static __always_inline void add_all_of(struct Threads *threads, struct task_struct *thread) {
  threads->user += thread->utime;
  threads->system += thread->stime;
  threads->minor += thread->min_flt;
  threads->major += thread->maj_flt;
  threads->voluntary += thread->nvcsw;
  threads->involuntary += thread->nivcsw;
  if (bpf_core_field_exists(thread->ioac.read_bytes)) {
    threads->storage_read += thread->ioac.read_bytes;
    threads->storage_written += thread->ioac.write_bytes;
  }
  if (bpf_core_field_exists(thread->ioac.rchar)) {
    threads->read += thread->ioac.rchar;
    threads->written += thread->ioac.wchar;
  }
  // One that is ending is in the group's statistics already.
  if (threads->has_statistics && (thread->flags & PF_EXITING)) return;
  if (bpf_core_field_exists(thread->sched_info.run_delay))
    threads->waited += thread->sched_info.run_delay;
  if (bpf_core_field_exists(thread->delays)) {
    struct task_delay_info *delays = thread->delays;
    if (delays) threads->blocked += delays->blkio_delay;
  }
}

static long add_all(u32 index, void *context) {
  struct task_struct *thread = next_thread(context);
  if (!thread) return 1;
  add_all_of(context, thread);
  return 0;
}

// Of those that are gone.
static __always_inline void add_gone(struct Threads *threads, struct signal_struct *signal) {
  threads->user += signal->utime;
  threads->system += signal->stime;
  threads->minor += signal->min_flt;
  threads->major += signal->maj_flt;
  threads->voluntary += signal->nvcsw;
  threads->involuntary += signal->nivcsw;
  if (bpf_core_field_exists(signal->ioac.read_bytes)) {
    threads->storage_read += signal->ioac.read_bytes;
    threads->storage_written += signal->ioac.write_bytes;
  }
  if (bpf_core_field_exists(signal->ioac.rchar)) {
    threads->read += signal->ioac.rchar;
    threads->written += signal->ioac.wchar;
  }
  if (bpf_core_field_exists(signal->stats)) {
    struct taskstats *statistics = signal->stats;
    if (!statistics) return;
    threads->has_statistics = 1;
    threads->waited += statistics->cpu_delay_total;
    threads->blocked += statistics->blkio_delay_total;
  }
}

static __always_inline void add_everything(struct Threads *threads, struct task_struct *leader) {
  struct signal_struct *signal = leader->signal;
  add_gone(threads, signal);
  if (signal->nr_threads == 1) {
    add_all_of(threads, leader);
  } else {
    begin(threads, signal);
    bpf_loop(MOST_THREADS, add_all, threads, 0);
  }
}

// The threads of a process, as its list showed them. Following the list waits for the memory of one
// thread to learn where the next one is; those whose places are known are asked all at once. They are the
// same threads as long as these two figures are: the end of each adds its time to what is gone, a new one
// counts.
#define TEAM_THREADS 64
struct Team {
  u64 gone_time;
  u64 count;  // 0: not known
  u64 threads[TEAM_THREADS];
};

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct Team);
} teams SEC(".maps");

static long add_time(u32 index, void *context) {
  struct Threads *threads = context;
  struct task_struct *thread = next_thread(threads);
  if (!thread) return 1;
  threads->time += thread->se.sum_exec_runtime;
  return 0;
}

// What is gone is read first: whoever ends between the two is not the same team the next time.
static __always_inline void gather(struct Team *team, struct signal_struct *signal) {
  team->gone_time = signal->sum_sched_runtime;
  const u64 count = signal->nr_threads;
  struct Threads threads = {};
  begin(&threads, signal);
  u32 found = 0;
  for (; found < TEAM_THREADS; ++found) {
    struct task_struct *thread = next_thread(&threads);
    if (!thread) break;
    *(volatile u64 *)&team->threads[found] = (u64)thread;  // a pointer becomes a number through memory
  }
  team->count = found == count ? count : 0;
}

// Of `count` threads, of which there is room for `most`.
static __always_inline u64 time_of_threads(const u64 *threads, u64 count, u32 most) {
  u64 time = 0;
  for (u32 i = 0; i < most; ++i) {
    if (i >= count) break;
    time += plain(threads[i])->se.sum_exec_runtime;
  }
  return time;
}

// ns of all threads that are or were, of the process with this leader. `team` may be missing.
__noinline u64 cpu_time_of(u64 address, struct Team *team) {
  struct task_struct *leader = plain(address);
  struct signal_struct *signal = leader->signal;
  const u64 gone_time = signal->sum_sched_runtime;
  const u64 count = signal->nr_threads;
  if (count == 1) return gone_time + leader->se.sum_exec_runtime;
  if (team && count <= TEAM_THREADS) {
    if (team->gone_time != gone_time || team->count != count) gather(team, signal);
    if (team->count != 0)
      return team->gone_time + time_of_threads(team->threads, team->count, TEAM_THREADS);
  }
  struct Threads threads = {};
  begin(&threads, signal);
  bpf_loop(MOST_THREADS, add_time, &threads, 0);
  return signal->sum_sched_runtime + threads.time;
}
