// SPDX-License-Identifier: Apache-2.0
// One walk over all processes, their threads added up, into an array that the recorder has mapped.
// Linux 6.7 and newer. Who has not run since its last row is left at once: most of a machine sleeps.
//
// Every loop is a function of its own, which the verifier looks at once; inside the walk it would look
// at it for every state that the walk can be in.
#include "ledger/bpf/known.bpf.h"
#include "ledger/bpf/tasks.bpf.h"
#include "ledger/bpf/threads.bpf.h"
#include "ledger/bpf/walk_record.h"

// Not a licence for this file: what the helpers ask for.
char kLicense[] SEC("license") = "GPL";

#define BPF_TASK_ITER_ALL_PROCS 0
#define STATE_MASK 0x7f      // what /proc tells of a task's state
#define STATE_IDLE 0x402     // sleeps without being counted as load: 'I'
#define STATE_HIDDEN 0x9000  // waits for a lock of the kernel, or is frozen: told as 'D'
#define HIGHEST_REALTIME 100  // /proc counts priorities from there
#define DEFAULT_PRIORITY 120  // nice 0

struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, kWalkRows);
  __type(key, u32);
  __type(value, struct WalkRow);
} rows SEC(".maps");

struct {
  __uint(type, BPF_MAP_TYPE_TASK_STORAGE);
  __uint(map_flags, BPF_F_NO_PREALLOC);
  __type(key, int);
  __type(value, struct Written);
} written SEC(".maps");

static __always_inline char letter_of(struct task_struct *task) {
  const u32 own = task->__state;
  u32 bits = (own | task->exit_state) & STATE_MASK;
  if (own == STATE_IDLE) return 'I';
  if (own & STATE_HIDDEN) return 'D';
  if (bits & 0x40) return 'P';
  if (bits & 0x20) return 'Z';
  if (bits & 0x10) return 'X';
  if (bits & 0x08) return 't';
  if (bits & 0x04) return 'T';
  if (bits & 0x02) return 'D';
  if (bits & 0x01) return 'S';
  return 'R';
}

__noinline int write_sums(struct WalkRow *row) {
  if (!row) return 0;
  struct task_struct *leader = plain(state.task);
  struct signal_struct *signal = leader->signal;
  struct Threads threads = {};
  add_everything(&threads, leader);
  row->cpu_time_user = threads.user;
  row->cpu_time_system = threads.system;
  row->paging_faults_minor = threads.minor;
  row->paging_faults_major = threads.major;
  row->context_switches_voluntary = threads.voluntary;
  row->context_switches_involuntary = threads.involuntary;
  const int has_storage = bpf_core_field_exists(signal->ioac.read_bytes);
  const int has_io = bpf_core_field_exists(signal->ioac.rchar);
  row->disk_io_read = has_storage ? threads.storage_read : -1;
  row->disk_io_write = has_storage ? threads.storage_written : -1;
  row->io_read = has_io ? threads.read : -1;
  row->io_write = has_io ? threads.written : -1;
  row->delay_cpu = bpf_core_field_exists(leader->sched_info.run_delay) ? threads.waited : -1;
  row->delay_block = -1;
  if (bpf_core_field_exists(leader->delays) && leader->delays) row->delay_block = threads.blocked;
  return 0;
}

__noinline int write_memory(struct WalkRow *row) {
  if (!row) return 0;
  struct task_struct *leader = plain(state.task);
  struct mm_struct *mm = leader->mm;
  row->memory_usage = row->memory_virtual = 0;  // of the kernel's own, and of what has ended
  row->memory_peak = row->memory_swap = -1;
  if (!mm || (leader->flags & PF_EXITING)) return 0;
  s64 swapped;
  const s64 resident = resident_pages(mm, &swapped);
  const s64 highest = mm->hiwater_rss;
  const s64 page = state.page_bytes;
  row->memory_virtual = mm->total_vm * page;
  row->memory_usage = resident < 0 ? -1 : resident * page;
  if (resident >= 0) row->memory_peak = (highest > resident ? highest : resident) * page;
  row->memory_swap = swapped < 0 ? -1 : swapped * page;
  return 0;
}

#define WORDS 8                 // of the bit map of open descriptors, read at once
// Twice as many as fs.nr_open allows by default; beyond it the count is not told.
#define MOST_DESCRIPTORS (1 << 21)

struct Descriptors {
  u64 bits, words, count;
};

static long add_descriptors(u32 index, void *context) {
  struct Descriptors *descriptors = context;
  u64 words[WORDS] = {};
  const u64 at = (u64)index * WORDS;
  if (at >= descriptors->words) return 1;
  // The kernel has a multiple of 64 descriptors: whole words.
  const u64 left = descriptors->words - at;
  const u32 bytes = left >= WORDS ? sizeof words : (left & (WORDS - 1)) * sizeof words[0];
  if (bpf_probe_read_kernel(words, bytes, (void *)(descriptors->bits + at * sizeof words[0]))) return 1;
  for (u32 i = 0; i < WORDS; ++i) descriptors->count += __builtin_popcountll(words[i]);
  return 0;
}

__noinline int write_descriptors(struct WalkRow *row) {
  if (!row) return 0;
  struct task_struct *leader = plain(state.task);
  row->file_descriptor_limit = leader->signal->rlim[LIMIT_OF_DESCRIPTORS].rlim_cur;
  row->file_descriptor_count = -1;
  struct files_struct *files = leader->files;
  if (!files) return 0;
  struct fdtable *table = files->fdt;
  const u64 room = table->max_fds;
  if (room > MOST_DESCRIPTORS) return 0;
  struct Descriptors descriptors = {.bits = (u64)table->open_fds, .words = room / 64};
  bpf_loop(MOST_DESCRIPTORS / 64 / WORDS, add_descriptors, &descriptors, 0);
  row->file_descriptor_count = descriptors.count;
  return 0;
}

// `exact` in the proportion of the sampled times, in 64 bits: the proportion to 1/2^24, and nothing of
// `exact` is lost.
static __always_inline u64 share_of(u64 exact, u64 part, u64 all) {
  for (int i = 0; i < 4; ++i) {
    if (all >> 32 == 0) break;
    all >>= 8;
    part >>= 8;
  }
  if (all == 0) return 0;
  const u64 ratio = (part << 32) / all;
  return (exact >> 32) * ratio + ((exact & 0xffffffff) * ratio >> 32);
}

static __always_inline void split(struct WalkRow *row, struct Written *before, u64 exact) {
  const u64 sampled_user = row->cpu_time_user, sampled_system = row->cpu_time_system;
  u64 system = share_of(exact, sampled_system, sampled_user + sampled_system);
  if (system > exact) system = exact;
  if (system < before->system) system = before->system;
  u64 user = exact > system ? exact - system : 0;
  if (user < before->user) {
    user = before->user;
    system = exact > user ? exact - user : before->system;
  }
  before->user = row->cpu_time_user = user;
  before->system = row->cpu_time_system = system;
}

__noinline int write_rest(struct WalkRow *row) {
  if (!row) return 0;
  struct task_struct *leader = plain(state.task);
  struct signal_struct *signal = leader->signal;
  row->start_boottime = leader->start_boottime;
  row->parent_pid = pid_of(leader->real_parent);
  row->state = letter_of(leader);
  row->cpu_time_main_thread = leader->se.sum_exec_runtime;
  row->thread_count = signal->nr_threads;
  row->nice = leader->static_prio - DEFAULT_PRIORITY;
  row->priority = leader->prio - HIGHEST_REALTIME;
  row->oom_score_adj = signal->oom_score_adj;
  copy_name(row->command, leader);
  return 0;
}

// Whether it did nothing since it was written. Every line of memory that is touched here is touched for
// each process of the machine at every walk, and that is what a walk costs. A second thread can only be
// made by the first one, which ran then: who was alone and did not run is alone.
__noinline int is_as_written(struct Written *before, struct Team *team) {
  if (!before || before->generation != state.generation || before->turn <= state.walk) return 0;
  struct task_struct *leader = plain(state.task);
  if (before->leader_time != 0 && before->leader_time == leader->se.sum_exec_runtime) return 1;
  return before->cpu_time == cpu_time_of(state.task, team);
}

// Whoever is new has its first turn soon, since what is read of it in its turn is not known yet; then each
// has a place of its own among the walks.
#define FIRST_TURNS 10

static __always_inline u64 next_turn(const struct Written *before, int pid) {
  const u64 key_ticks = state.key_ticks;
  if (key_ticks == 0) return ~0ULL;
  if (before->turn == 0 && key_ticks > FIRST_TURNS) return state.walk + 1 + (u64)pid % FIRST_TURNS;
  return state.walk + key_ticks - ((u64)pid + state.walk) % key_ticks;
}

// The process at state.task, which did something.
__noinline int visit(struct Written *before, struct Team *team) {
  if (!before) return 0;
  struct task_struct *leader = plain(state.task);
  touch_all(leader);
  const int pid = pid_of(leader);
  if (pid == 0) return 0;
  const u64 leader_time = leader->se.sum_exec_runtime;  // before the figures: it may be running
  const u64 cpu_time = cpu_time_of(state.task, team);
  const u32 index = state.written;
  struct WalkRow *row = bpf_map_lookup_elem(&rows, &index);
  if (!row) {
    ++state.left_out;
    return 0;
  }
  row->pid = pid;
  write_rest(row);
  write_sums(row);
  write_memory(row);
  write_descriptors(row);
  split(row, before, cpu_time);
  before->cpu_time = cpu_time;
  before->has_team = leader->signal->nr_threads > 1;
  before->leader_time = before->has_team ? 0 : leader_time;
  before->generation = state.generation;
  before->turn = next_turn(before, pid);
  ++state.written;
  return 0;
}

SEC("syscall")
int walk(void *context) {
  struct bpf_iter_task iterator;
  struct task_struct *task;
  state.living = state.written = state.left_out = 0;
  bpf_rcu_read_lock();
  bpf_iter_task_new(&iterator, 0, BPF_TASK_ITER_ALL_PROCS);
  while ((task = bpf_iter_task_next(&iterator))) {
    *(volatile u64 *)&state.task = (u64)task;  // a pointer becomes a number through memory
    struct Known *place = known_place(task);
    if (!place) break;
    ++state.living;
    touch_ahead();
    if (is_as_known(place, task)) continue;
    struct Written *before =
        bpf_task_storage_get(&written, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!before) {
      --state.living;
      ++state.left_out;
      continue;
    }
    struct Team *team = 0;
    if (before->has_team)
      team = bpf_task_storage_get(&teams, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
    if (!is_as_written(before, team)) visit(before, team);
    know(place, task, before, team);
  }
  bpf_iter_task_destroy(&iterator);
  bpf_rcu_read_unlock();
  return 0;
}
