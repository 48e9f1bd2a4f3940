// SPDX-License-Identifier: Apache-2.0
// What both rings of lives count, and when their reader is woken.
#pragma once

#include "ledger/bpf/kernel_types.h"
#include "ledger/bpf/life_record.h"

struct LifeState state;

static __always_inline void count_lost(enum LifeRecordKind kind) {
  __sync_fetch_and_add(&state.lost[kind], 1);
}

// The reader comes by itself; it is woken when half is used, and again at each further step while
// it does not come. Waking it at every record from there on would cost each several times what the
// record does. Of two CPUs that pass a step together neither may notice: the next step is near.
#define WAKE_STEP (kLifeRingBytes / 16)

// `used`: bytes that wait, with the `size` of this record.
static __always_inline int is_wake_due(u64 used, u64 size) {
  return used >= kLifeRingWake && used / WAKE_STEP != (used - size) / WAKE_STEP;
}
