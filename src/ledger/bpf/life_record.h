// SPDX-License-Identifier: Apache-2.0
// What lives.bpf.c puts into its ring, and the state that it shares. Plain C, the same for the
// kernel's side and ours; both are always of one build.
#pragma once

#include <linux/types.h>

#ifdef __cplusplus
namespace tacho {
#endif

// Of the kernel's memory. A second of 2,000 processes takes half of it, at which a reader is woken; the
// rest has room for a tenth of a second of 20,000.
enum { kLifeRingBytes = 2 << 20, kLifeRingWake = kLifeRingBytes / 2 };
// What a path can have (PATH_MAX), and what is kept of the arguments. Powers of two.
enum { kLifeExecutableBytes = 4096, kLifeArgumentBytes = 4096 };

enum LifeRecordKind { kLifeFork, kLifeExec, kLifeExit, kLifeFree, kLifeKinds };

// -1 where the kernel was built without it. Times in ns.
struct LifeTotals {
  __s64 cpu_time;              // exact
  __s64 user_time, system_time;  // sampled at ticks
  __s64 faults_minor, faults_major;
  __s64 switches_voluntary, switches_involuntary;
  __s64 storage_read, storage_written, read, written;
};

// pid and start_boottime are those that join the records of one life: the pid as the kernel's
// outermost namespace has it, which is known even when the task is being freed.
struct LifeKey {
  __u64 start_boottime;
  __u32 kind;
  __u32 kernel_pid;
};

struct LifeRecord {  // fork; exec and exit begin with it
  struct LifeKey key;
  __s32 pid, parent_pid;  // in the recorder's namespace
  char command[16];
};

// Without its time: reading the clock is an eighth of what this record costs, and it lies between others that
// have theirs.
struct LifeExecRecord {
  struct LifeRecord life;
  __u32 executable_size, arguments_size;
  __u32 arguments_are_cut, padding;
  char bytes[kLifeExecutableBytes + kLifeArgumentBytes];  // only as many as there are
};

struct LifeExitRecord {
  struct LifeRecord life;
  __u64 boottime;                // CLOCK_BOOTTIME
  __s32 process_group, session;  // in the recorder's namespace
  __s32 inner_pid;               // in its own
  __u32 user_id, group_id;       // effective
  __s32 status;                  // as wait(2) gives it
  __s64 peak_pages;            // -1: not known
  __s64 delay_cpu, delay_block;  // ns; -1: not known
  struct LifeTotals totals;       // lack the last time slice, and threads that are just ending
};

struct LifeFreeRecord {
  struct LifeKey key;
  struct LifeTotals totals;  // complete
};

struct LifeState {
  __u64 lost[kLifeKinds];  // for which the ring had no room
  // Of our own ring (LifeRecords): positions count bytes since the beginning, without turning back at its end.
  __u64 head;    // where the next record goes
  __u64 tail;    // all before is read; the reader moves it
  __u64 secret;
};

// Our own ring, where the kernel can swap a word in one step: memory that is shared with the reader, in
// which a program takes its place by moving `head` on. Of the kernel's own ring every record costs a lock, its
// pages looked up, and a copy where its size is not known before.
// A record: the word that says that it is complete, then its bytes, padded to 8. One that begins before the
// end goes on behind it, so that none is ever in two parts.
// The word can be that of no other place and no other time, and bytes that programs choose cannot
// imitate it: secret ^ (position / 8 << kLifeSizeBits | bytes of the record).
enum {
  kLifeSizeBits = 16,
  kLifeHeaderBytes = 8,
  kLifeBellBytes = 64 << 10,  // of the kernel's ring that wakes the reader: the largest page there is
  kLifeBytesBeyond = kLifeHeaderBytes + sizeof(struct LifeExecRecord),
};
struct LifeRecords {
  char bytes[(unsigned)kLifeRingBytes + kLifeBytesBeyond];
};

#ifdef __cplusplus
}  // namespace tacho
#endif
