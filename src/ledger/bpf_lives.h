// SPDX-License-Identifier: Apache-2.0
// Source 1 of process lives: BPF programs at the kernel's fork, exec, exit and free (bpf/lives.bpf.c).
// Knows everything that life.h has. What is exact and what is not:
// * CPU time, faults, switches and I/O are the kernel's own sums over all threads, as wait4 tells them;
//   of a process that nobody has waited for within 1 s of its end (a zombie), or of which the kernel did
//   not tell by then that it let go of it, they lack its last time slice, at most a tick or two. Its account
//   says so, and they are counted.
// * The peak is the higher of what the kernel noted when memory was given back before the end, which
//   may lag by 32 pages for each CPU (more on large machines), and the exact sum at the end. It
//   belongs to the last image: what the process was before its exec does not count.
// * delay_block is absent without the sysctl kernel.task_delayacct.
#pragma once

#include <memory>

#include "base/error.h"
#include "ledger/bpf_objects.h"
#include "ledger/life.h"

namespace tacho {

// From what tacho-bpf handed over; events come from the moment it attached. Has a thread of its own,
// which empties the kernel's ring when half of it is used; a page of state is mapped, of the
// ring as much as holds records while it is read, and up to 4 MiB wait to be taken.
Result<std::unique_ptr<LifeSource>> make_bpf_lives(BpfObjects objects);

}  // namespace tacho
