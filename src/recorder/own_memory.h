// SPDX-License-Identifier: Apache-2.0
// The recorder's own memory: little of it, and there when the machine has none left.
#pragma once

namespace tacho {

// A large block goes back to the system when it is freed, of the small ones 1 MiB is kept for the next tick,
// and threads share one heap: nothing here allocates often enough to wait for it. Before there are threads.
void keep_heap_small();

// What was freed goes back to the system now. For after what comes seldom.
void give_back_free_memory();

// What the first tick's rows took goes back to the system, once they are written. The pages of code that the
// beginning ran are mapped no more; what runs on is mapped again at its next use, from the kernel's cache.
// They count as ours otherwise, a third of all that we have. Before locking. A debugger's breakpoints go with
// them.
void forget_the_beginning();

// Memory pressure is what we are here to record: our pages stay, and the OOM killer takes us last; as
// far as our rights go.
void protect_from_memory_pressure();

}  // namespace tacho
