// SPDX-License-Identifier: Apache-2.0
// Fork, exec, exit and free of processes, as records in a ring. Nothing here decides anything about
// the machine: it reads and reports.
//
// The account of a life needs two moments. At its exit the status, the peak and the delays are known,
// but the CPU time lacks the last slice and threads may still be ending. When the leader is freed the
// kernel has added everything up in the group's structure, and the memory is gone. Both are reported;
// what reads the ring joins them.
#include "ledger/bpf/life_record.h"
#include "ledger/bpf/tasks.bpf.h"
#ifdef TACHO_BEFORE_6_2
#include "ledger/bpf/kernel_ring.bpf.h"
#else
#include "ledger/bpf/own_ring.bpf.h"
#endif

// Not a licence for this file: what the helpers ask for.
char kLicense[] SEC("license") = "GPL";

#define SIGNAL_GROUP_EXIT 4  // the group's exit code counts, not the leader's

static __always_inline void fill(struct LifeRecord *record, enum LifeRecordKind kind,
                                 struct task_struct *leader, int pid, struct task_struct *parent) {
  record->key.kind = kind;
  record->key.kernel_pid = leader->tgid;
  record->key.start_boottime = leader->start_boottime;
  record->pid = pid;
  record->parent_pid = pid_of(parent);
  copy_name(record->command, leader);
}

// Of nobody. -1 where the kernel does not count it.
static __always_inline void begin_totals(struct LifeTotals *totals) {
  const int has_storage = bpf_core_field_exists(struct signal_struct, ioac.read_bytes);
  const int has_io = bpf_core_field_exists(struct signal_struct, ioac.rchar);
  __builtin_memset(totals, 0, sizeof *totals);
  totals->storage_read = totals->storage_written = has_storage ? 0 : -1;
  totals->read = totals->written = has_io ? 0 : -1;
}

// Of all threads that are gone.
static __always_inline void take_group(struct LifeTotals *totals, struct signal_struct *signal) {
  totals->cpu_time = signal->sum_sched_runtime;
  totals->user_time = signal->utime;
  totals->system_time = signal->stime;
  totals->faults_minor = signal->min_flt;
  totals->faults_major = signal->maj_flt;
  totals->switches_voluntary = signal->nvcsw;
  totals->switches_involuntary = signal->nivcsw;
  totals->storage_read = totals->storage_written = totals->read = totals->written = -1;
  if (bpf_core_field_exists(signal->ioac.read_bytes)) {
    totals->storage_read = signal->ioac.read_bytes;
    totals->storage_written = signal->ioac.write_bytes;
  }
  if (bpf_core_field_exists(signal->ioac.rchar)) {
    totals->read = signal->ioac.rchar;
    totals->written = signal->ioac.wchar;
  }
}

static __always_inline void add_thread(struct LifeTotals *totals, struct task_struct *thread) {
  totals->cpu_time += thread->se.sum_exec_runtime;
  totals->user_time += thread->utime;
  totals->system_time += thread->stime;
  totals->faults_minor += thread->min_flt;
  totals->faults_major += thread->maj_flt;
  totals->switches_voluntary += thread->nvcsw;
  totals->switches_involuntary += thread->nivcsw;
  if (bpf_core_field_exists(thread->ioac.read_bytes)) {
    totals->storage_read += thread->ioac.read_bytes;
    totals->storage_written += thread->ioac.write_bytes;
  }
  if (bpf_core_field_exists(thread->ioac.rchar)) {
    totals->read += thread->ioac.rchar;
    totals->written += thread->ioac.wchar;
  }
}

// One that has the memory of its parent is about to execute something else, for which its parent waits
// (vfork, posix_spawn): its exec tells of it, or its end.
SEC("tp_btf/sched_process_fork")
int on_fork(u64 *context) {
  struct task_struct *parent = plain(context[0]);
  struct task_struct *child = plain(context[1]);
  if (child->pid != child->tgid) return 0;  // a thread
  if (child->mm && child->mm == parent->mm) return 0;
  const int pid = pid_of(child);
  if (pid == 0) return 0;
  struct Place place;
  struct LifeRecord *record = begin_record(&place, kLifeFork, sizeof *record);
  if (!record) return 0;
  fill(record, kLifeFork, child, pid, parent);
  end_record(&place);
  return 0;
}

// By now the caller is the leader, whichever thread it was.
SEC("tp_btf/sched_process_exec")
int on_exec(u64 *context) {
  struct task_struct *task = plain(context[0]);
  struct linux_binprm *program = (void *)context[2];
  const int pid = pid_of(task);
  if (pid == 0) return 0;
  struct Place place;
  struct LifeExecRecord *record = begin_exec_record(&place);
  if (!record) return 0;
  fill(&record->life, kLifeExec, task, pid, task->real_parent);
  const long with_nul =
      bpf_probe_read_kernel_str(record->bytes, kLifeExecutableBytes, program->filename);
  u64 executable = with_nul > 0 ? with_nul - 1 : 0;
  executable &= kLifeExecutableBytes - 1;
  struct mm_struct *mm = task->mm;
  const u64 from = mm->arg_start;
  u64 arguments = mm->arg_end - from;
  record->arguments_are_cut = arguments > kLifeArgumentBytes;
  if (arguments > kLifeArgumentBytes) arguments = kLifeArgumentBytes;
  // They have just been written there, so they are in memory: no fault is needed.
  if (bpf_probe_read_user(record->bytes + executable, arguments, (void *)from) != 0) {
    record->arguments_are_cut = arguments > 0;
    arguments = 0;
  }
  record->executable_size = executable;
  record->arguments_size = arguments;
  record->padding = 0;
  end_exec_record(&place, __builtin_offsetof(struct LifeExecRecord, bytes) + executable + arguments);
  return 0;
}

// What the threads of the group waited. The kernel adds it up for groups that had more than one
// thread, when it reports them (taskstats_exit), whether somebody listens or not.
static __always_inline void take_delays(struct LifeExitRecord *record, struct task_struct *last,
                                        int last_is_counted) {
  struct signal_struct *signal = last->signal;
  record->delay_cpu = record->delay_block = -1;
  s64 block = -1;
  if (bpf_core_field_exists(last->delays)) {
    struct task_delay_info *delays = last->delays;
    if (delays) block = delays->blkio_delay;  // none without the sysctl task_delayacct
  }
  const s64 cpu = bpf_core_field_exists(last->sched_info.run_delay)
                      ? (s64)last->sched_info.run_delay : -1;
  if (!bpf_core_field_exists(signal->stats)) return;
  struct taskstats *stats = signal->stats;
  if (!stats) {
    record->delay_cpu = cpu;
    record->delay_block = block;
    return;
  }
  if (cpu >= 0) record->delay_cpu = stats->cpu_delay_total + (last_is_counted ? 0 : cpu);
  if (block >= 0) record->delay_block = stats->blkio_delay_total + (last_is_counted ? 0 : block);
}

static __always_inline s64 peak_of(struct mm_struct *mm) {
  if (!mm) return -1;
  s64 swapped;
  const s64 resident = resident_pages(mm, &swapped);
  if (resident < 0) return -1;
  const s64 highest = mm->hiwater_rss;
  return highest > resident ? highest : resident;
}

// `last` is the thread whose end is the end of the group. Its leader may have ended before.
static __always_inline int report_exit(struct task_struct *thread, int last_is_counted) {
  const u64 boottime = bpf_ktime_get_boot_ns();
  struct task_struct *last = plain((u64)thread);
  struct task_struct *leader = last->group_leader;
  struct signal_struct *signal = last->signal;
  const int pid = pid_of(leader);
  if (pid == 0) return 0;
  struct Place place;
  struct LifeExitRecord *record = begin_record(&place, kLifeExit, sizeof *record);
  if (!record) return 0;
  fill(&record->life, kLifeExit, leader, pid, leader->real_parent);
  record->boottime = boottime;
  record->process_group = number_of(signal->pids[kPidOfProcessGroup]);
  record->session = number_of(signal->pids[kPidOfSession]);
  record->inner_pid = inner_pid_of(leader);
  const struct cred *rights = leader->cred;
  record->user_id = rights->euid.val;
  record->group_id = rights->egid.val;
  record->status = signal->flags & SIGNAL_GROUP_EXIT ? signal->group_exit_code : leader->exit_code;
  record->peak_pages = peak_of(last->mm);
  take_delays(record, last, last_is_counted);
  if (signal->sum_sched_runtime != 0)
    take_group(&record->totals, signal);
  else
    begin_totals(&record->totals);
  add_thread(&record->totals, thread);
  if (leader != last) add_thread(&record->totals, leader);
  end_record(&place);
  return 0;
}

// Linux 6.16 and newer: the tracepoint says whether it is the last thread, and lies before the memory
// is given back.
SEC("?tp_btf/sched_process_exit")
int on_exit(u64 *context) {
  return (context[1] & 0xff) ? report_exit((struct task_struct *)context[0], 1) : 0;
}

// Before: the function that stands right before it in the kernel, and is told the same.
SEC("?fentry/taskstats_exit")
int on_exit_before_6_16(u64 *context) {
  return (u32)context[1] ? report_exit((struct task_struct *)context[0], 0) : 0;
}

SEC("tp_btf/sched_process_free")
int on_free(u64 *context) {
  struct task_struct *task = (struct task_struct *)context[0];
  if (task->pid != task->tgid) return 0;
  struct Place place;
  struct LifeFreeRecord *record = begin_record(&place, kLifeFree, sizeof *record);
  if (!record) return 0;
  record->key.kind = kLifeFree;
  record->key.kernel_pid = task->tgid;
  record->key.start_boottime = task->start_boottime;
  take_group(&record->totals, plain((u64)task)->signal);
  end_record(&place);
  return 0;
}
