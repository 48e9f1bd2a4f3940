// SPDX-License-Identifier: Apache-2.0
// Records of lives in the kernel's ring, for kernels whose programs cannot do without it. The functions are those
// of own_ring.bpf.h, which says what they do.
#pragma once

#include "ledger/bpf/life_record.h"
#include "ledger/bpf/wake.bpf.h"

struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kLifeRingBytes);
} ring SEC(".maps");

// An exec's record is put together here: only what is used of it goes into the ring. Apart for each
// CPU, and the kernel never runs one program twice at a time on a CPU.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct LifeExecRecord);
} exec_record SEC(".maps");

struct Place {
  void *record;
  u64 size;
};

static __always_inline u64 wake_flags(u64 size) {
  return is_wake_due(bpf_ringbuf_query(&ring, BPF_RB_AVAIL_DATA), size) ? BPF_RB_FORCE_WAKEUP
                                                                       : BPF_RB_NO_WAKEUP;
}

static __always_inline void *begin_record(struct Place *place, enum LifeRecordKind kind, u64 size) {
  place->record = bpf_ringbuf_reserve(&ring, size, 0);
  place->size = size;
  if (!place->record) count_lost(kind);
  return place->record;
}

static __always_inline void end_record(struct Place *place) {
  bpf_ringbuf_submit(place->record, wake_flags(place->size));
}

static __always_inline void *begin_exec_record(struct Place *place) {
  const u32 zero = 0;
  place->record = bpf_map_lookup_elem(&exec_record, &zero);
  return place->record;
}

static __always_inline void end_exec_record(struct Place *place, u64 size) {
  if (bpf_ringbuf_output(&ring, place->record, size, wake_flags(size)) != 0) count_lost(kLifeExec);
}
