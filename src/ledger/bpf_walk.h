// SPDX-License-Identifier: Apache-2.0
// The walk of walk.h by a BPF program (bpf/walk.bpf.c) of Linux 6.7 and newer.
// * A process that has not run since its row before has none, whatever else of it changed (its memory
//   by reclaim, its priority by renice): that comes with its key row.
// * The CPU time of a thread that is running lacks what it ran since the last tick of its CPU.
// * When more have changed than there is room for, `complete` is false, and a walk right after it goes
//   on with those that are left; `all` need not be asked for again.
// * What a process waited for (delay_*) includes threads that have ended, but for a moment while one
//   ends. delay_block is -1 without the sysctl kernel.task_delayacct.
// * memory_peak and memory_swap of the kernel's own threads and of zombies are -1, their memory is 0.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "ledger/bpf_objects.h"
#include "ledger/walk.h"

namespace tacho {

// From what tacho-bpf handed over. Each process has a key row in at most `key_ticks` walks, its turn
// being given by its pid; 0: only when asked for all.
Result<std::unique_ptr<ProcessWalker>> make_bpf_walker(BpfObjects objects, std::uint64_t key_ticks);

}  // namespace tacho
