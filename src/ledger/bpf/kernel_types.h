// SPDX-License-Identifier: Apache-2.0
// The kernel's structures, as far as we read them: nothing but the names of the fields counts. Where
// they lie is put in when the programs are loaded, from the type information of the running kernel
// (CO-RE), so no header of a kernel is needed to build and one build serves all kernels.
#pragma once

#include <linux/bpf.h>

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

typedef __u8 u8;
typedef __u32 u32;
typedef __u64 u64;
typedef __s32 s32;
typedef __s64 s64;

// BTF has it under this name too.
enum pid_kind { kPidOfThread = 0, kPidOfGroup = 1, kPidOfProcessGroup = 2, kPidOfSession = 3 };

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct list_head {
  struct list_head *next;
};

struct pid_namespace;
struct upid {
  int nr;
  struct pid_namespace *ns;
};
struct pid {
  unsigned int level;
  struct upid numbers[];
};

typedef struct {
  unsigned int val;
} kuid_t;
typedef struct {
  unsigned int val;
} kgid_t;
struct cred {
  kuid_t euid;
  kgid_t egid;
};

struct task_io_accounting {
  u64 rchar, wchar;            // with CONFIG_TASK_XACCT
  u64 read_bytes, write_bytes;  // with CONFIG_TASK_IO_ACCOUNTING
};

struct taskstats {
  u64 cpu_delay_total, blkio_delay_total;
};

struct rlimit {
  unsigned long rlim_cur;
};

struct signal_struct {
  int nr_threads;
  int group_exit_code;
  unsigned int flags;
  struct list_head thread_head;
  struct pid *pids[4];
  u64 utime, stime;
  unsigned long nvcsw, nivcsw, min_flt, maj_flt;
  struct task_io_accounting ioac;
  unsigned long long sum_sched_runtime;
  struct taskstats *stats;  // with CONFIG_TASKSTATS
  short oom_score_adj;
  struct rlimit rlim[16];
};

struct percpu_counter {
  s64 count;
  s32 *counters;  // absent on a kernel for one CPU
};
struct mm_struct {
  unsigned long hiwater_rss, total_vm;
  unsigned long arg_start, arg_end;
  struct percpu_counter rss_stat[4];  // Linux 6.2 and newer
};
// Before. A type that the kernel has not would be looked for in its modules, which takes more rights
// than the rest: so only the field's name is the kernel's.
struct mm_struct___before_6_2 {
  struct {
    struct {
      long counter;
    } count[4];
  } rss_stat;
};

struct fdtable {
  unsigned int max_fds;
  unsigned long *open_fds;
};
struct files_struct {
  struct fdtable *fdt;
};

struct sched_entity {
  u64 sum_exec_runtime;
};
struct sched_info {
  unsigned long long run_delay;
};
struct task_delay_info {
  u64 blkio_delay;
};

struct task_struct {
  unsigned int __state;
  unsigned int flags;
  int prio, static_prio;
  struct sched_entity se;
  struct sched_info sched_info;
  struct list_head tasks;
  struct mm_struct *mm;
  int exit_state, exit_code;
  int pid, tgid;
  struct task_struct *real_parent, *group_leader;
  struct pid *thread_pid;
  struct list_head thread_node;
  u64 utime, stime;
  unsigned long nvcsw, nivcsw, min_flt, maj_flt;
  u64 start_boottime;
  const struct cred *cred;
  char comm[16];
  struct signal_struct *signal;
  struct task_io_accounting ioac;
  struct files_struct *files;
  struct task_delay_info *delays;  // with CONFIG_TASK_DELAY_ACCT
};

struct timespec64 {
  s64 tv_sec;
  long tv_nsec;
};

struct linux_binprm {
  const char *filename;
};

struct bpf_array {
  void *pptrs[0];
};

#pragma clang attribute pop

// Called by name: open-coded iterators, without which a kernel cannot have the program that calls them.
struct bpf_iter_task {
  u64 kept_by_the_kernel[3];
};
extern int bpf_iter_task_new(struct bpf_iter_task *iterator, struct task_struct *task,
                             unsigned int flags) __ksym;
extern struct task_struct *bpf_iter_task_next(struct bpf_iter_task *iterator) __ksym;
extern void bpf_iter_task_destroy(struct bpf_iter_task *iterator) __ksym;
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
// Since Linux 6.2.
extern void *bpf_rdonly_cast(const void *object, u32 type) __ksym;
