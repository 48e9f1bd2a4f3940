// SPDX-License-Identifier: Apache-2.0
// What a walk in the kernel says of a process, in the terms of what is read from /proc.
#pragma once

#include "collectors/process_record.h"
#include "ledger/walk.h"

namespace tacho {

// Whether `walked` is this process, and not a later one with its pid.
bool is_same_process(const LivingProcess& process, const WalkedProcess& walked);

// Takes the figures over; true when one of them is another one than before.
bool take_figures(LivingProcess& process, const WalkedProcess& walked, std::int64_t page_size);

}  // namespace tacho
