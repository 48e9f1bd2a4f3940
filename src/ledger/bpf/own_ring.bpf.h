// SPDX-License-Identifier: Apache-2.0
// Records of lives in memory that is shared with the reader (struct LifeRecords). Programs of all CPUs take
// their places by swapping one word, in softirqs too, so that records lie in the order in which they began.
#pragma once

#include "ledger/bpf/life_record.h"
#include "ledger/bpf/wake.bpf.h"

// A map beside the global variables: these are copied into the kernel when they are loaded.
struct {
  __uint(type, BPF_MAP_TYPE_ARRAY);
  __uint(map_flags, BPF_F_MMAPABLE);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, struct LifeRecords);
} records SEC(".maps");

// Wakes the reader, and carries nothing else.
struct {
  __uint(type, BPF_MAP_TYPE_RINGBUF);
  __uint(max_entries, kLifeBellBytes);
} ring SEC(".maps");

// Where a record is being written.
struct Place {
  u64 *word;     // before the record
  u64 position;
  u64 size;    // of the record
  u64 waits;   // bytes of the ring, with this
};

// Others are quicker each time: with so many CPUs at once this one is counted as lost.
#define MOST_ATTEMPTS 16

static __always_inline u64 room_of(u64 size) { return kLifeHeaderBytes + ((size + 7) & ~7ull); }

// A record of so many bytes, which end_record completes. Nothing where there is no room: counted.
static __always_inline void *begin_record(struct Place *place, enum LifeRecordKind kind, u64 size) {
  const u32 zero = 0;
  struct LifeRecords *memory = bpf_map_lookup_elem(&records, &zero);
  if (!memory) return 0;
#pragma clang loop unroll(disable)
  for (int attempt = 0; attempt < MOST_ATTEMPTS; ++attempt) {
    // Below 0 where the reader went beyond this head meanwhile, which is another's by then.
    const u64 tail = *(volatile u64 *)&state.tail, head = *(volatile u64 *)&state.head;
    const s64 waits = head + room_of(size) - tail;
    if (waits > kLifeRingBytes) break;
    if (__sync_val_compare_and_swap(&state.head, head, head + room_of(size)) != head) continue;
    place->word = (u64 *)&memory->bytes[head & (kLifeRingBytes - 8)];
    place->position = head;
    place->size = size;
    place->waits = waits;
    return place->word + 1;
  }
  count_lost(kind);
  return 0;
}

static __noinline int wake_reader(void) {
  u64 *nothing = bpf_ringbuf_reserve(&ring, sizeof *nothing, 0);
  if (nothing) {  // else there are many that it has not looked at
    *nothing = 0;
    bpf_ringbuf_submit(nothing, BPF_RB_FORCE_WAKEUP);
  }
  return 0;
}

static __always_inline void end_record(struct Place *place) {
  const u64 complete = state.secret ^ ((place->position / 8) << kLifeSizeBits | place->size);
#ifdef TACHO_STORES_STAY_IN_ORDER
  barrier();
  *(volatile u64 *)place->word = complete;
#else
  __sync_lock_test_and_set(place->word, complete);
#endif
  if (is_wake_due(place->waits, room_of(place->size))) wake_reader();
}

// The longest there can be; what is not used of it is given back at its end, unless the next has begun.
static __always_inline void *begin_exec_record(struct Place *place) {
  return begin_record(place, kLifeExec, sizeof(struct LifeExecRecord));
}

static __always_inline void end_exec_record(struct Place *place, u64 size) {
  const u64 reserved = place->position + room_of(place->size);
  const u64 needed = place->position + room_of(size);
  if (__sync_val_compare_and_swap(&state.head, reserved, needed) == reserved) {
    place->waits -= reserved - needed;
    place->size = size;
  }
  end_record(place);
}
