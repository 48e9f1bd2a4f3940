// SPDX-License-Identifier: Apache-2.0
// What a walk knows of the processes from the walk before. Most of them sleep, and what looking at them costs is
// memory that is far away: one line after the other of each task. So who did nothing is recognised by few lines,
// and what will be needed is asked for before it is.
#pragma once

#include "ledger/bpf/tasks.bpf.h"
#include "ledger/bpf/threads.bpf.h"
#include "ledger/bpf/walk_record.h"

struct WalkState state;

// What was written of a process last; kept with its task.
struct Written {
  u64 generation;
  u64 turn;         // the walk at which it is written whatever it did
  u64 cpu_time;
  u64 leader_time;  // of that, the first thread's, while it is the only one; 0 where there are others
  u64 user, system;  // they never go back, as in /proc
  u64 has_team;      // there were others
};

// A part of it where it is found without going through the task: in the order of pids, which is nearly that of
// the walk, so that the next lies beside it. A place may be another's, who is then looked at in full.
struct Known {
  u64 task, leader_time, turn;
  u32 pid, generation;
};
#define KNOWN_PLACES (1 << 14)

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, KNOWN_PLACES);
  __type(key, u32);
  __type(value, struct Known);
} known SEC(".maps");

// Beside each place, of who has some threads: where they are, and their times together. Whoever comes to them or
// goes from them has one of them run.
#define KNOWN_THREADS 8
struct KnownTeam {
  u64 time, count;  // count 0: not known
  u64 threads[KNOWN_THREADS];
};

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, KNOWN_PLACES);
  __type(key, u32);
  __type(value, struct KnownTeam);
} known_teams SEC(".maps");

static __always_inline u32 place_of(struct task_struct *task) { return task->tgid & (KNOWN_PLACES - 1); }

static __always_inline struct KnownTeam *known_team(struct task_struct *task) {
  const u32 index = place_of(task);
  return bpf_map_lookup_elem(&known_teams, &index);
}

__noinline int is_team_as_known(const struct KnownTeam *known) {
  if (!known || known->count == 0) return 0;
  return time_of_threads(known->threads, known->count, KNOWN_THREADS) == known->time;
}

// `cpu_time`: of the team with those that are gone.
__noinline int know_team(struct KnownTeam *known, const struct Team *team, u64 cpu_time) {
  if (!known) return 0;
  known->count = 0;
  if (!team || team->count > KNOWN_THREADS) return 0;
  for (u32 i = 0; i < KNOWN_THREADS; ++i) known->threads[i] = team->threads[i];
  known->time = cpu_time - team->gone_time;
  known->count = team->count;
  return 0;
}

// Who is at state.task. Never nothing, which the verifier cannot know.
static __always_inline struct Known *known_place(struct task_struct *task) {
  const u32 index = place_of(task);
  return bpf_map_lookup_elem(&known, &index);
}

static __always_inline int is_as_known(const struct Known *place, struct task_struct *task) {
  if (place->task != state.task || place->pid != (u32)task->tgid ||
      place->generation != (u32)state.generation || place->turn <= state.walk)
    return 0;
  if (place->leader_time != 0) return place->leader_time == task->se.sum_exec_runtime;
  return is_team_as_known(known_team(task));
}

static __always_inline void know(struct Known *place, struct task_struct *task,
                                 const struct Written *written, const struct Team *team) {
  place->task = state.task;
  place->pid = task->tgid;
  place->leader_time = written->leader_time;
  place->generation = written->generation;
  place->turn = written->turn;
  if (written->leader_time == 0) know_team(known_team(task), team, written->cpu_time);
}

// Reads it, for nothing but that it is near then.
#define TOUCH(value) ({ u64 touched = (u64)(value); asm volatile("" : : "r"(touched)); })

// Who came when in the walk before. The kernel's list leads from task to task, so that each is waited for
// before the next can be asked for; of who came some steps later the last time we need not wait for that.
// It may be gone: then nothing is touched that anybody uses, and a read that fails reads 0.
#define ORDER_PLACES (1 << 14)
#define STEPS_AHEAD 4

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(max_entries, ORDER_PLACES);
  __type(key, u32);
  __type(value, u64);
} order SEC(".maps");

static __always_inline void touch_ahead(void) {
  const u32 here = state.living & (ORDER_PLACES - 1);
  const u32 there = (here + STEPS_AHEAD) & (ORDER_PLACES - 1);
  const u64 *ahead = bpf_map_lookup_elem(&order, &there);
  if (ahead && *ahead) {
    struct task_struct *task = plain(*ahead);
    TOUCH(task->tasks.next);
    TOUCH(task->tgid);
    TOUCH(task->se.sum_exec_runtime);
  }
  u64 *now = bpf_map_lookup_elem(&order, &here);
  if (now) *now = state.task;
}

#define LIMIT_OF_DESCRIPTORS 7  // RLIMIT_NOFILE

// Of a process that did something, and will be read in full: all at once, instead of one behind the other.
static __always_inline void touch_all(struct task_struct *leader) {
  struct signal_struct *signal = leader->signal;
  struct mm_struct *mm = leader->mm;
  struct files_struct *files = leader->files;
  struct task_struct *parent = leader->real_parent;
  TOUCH(leader->__state);
  TOUCH(leader->utime);
  TOUCH(leader->start_boottime);
  TOUCH(leader->comm[0]);
  if (bpf_core_field_exists(leader->ioac.rchar)) TOUCH(leader->ioac.rchar);
  TOUCH(signal->nr_threads);
  TOUCH(signal->pids[0]);
  TOUCH(signal->utime);
  if (bpf_core_field_exists(signal->ioac.read_bytes)) TOUCH(signal->ioac.read_bytes);
  TOUCH(signal->rlim[LIMIT_OF_DESCRIPTORS].rlim_cur);
  TOUCH(signal->oom_score_adj);
  if (mm) {
    TOUCH(mm->hiwater_rss);
    TOUCH(mm->rss_stat[0].count);
    TOUCH(mm->rss_stat[3].count);
  }
  if (files) TOUCH(files->fdt);
  TOUCH(parent->tgid);
}
