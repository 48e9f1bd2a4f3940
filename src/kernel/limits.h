// SPDX-License-Identifier: Apache-2.0
// Limits of our own process.
#pragma once

#include <cstdint>

namespace tacho {

// Raises the soft limit of open descriptors to the hard one and returns it.
std::int64_t raise_descriptor_limit();

// Makes the kernel's table of our descriptors large enough for `count` of them. While a process has
// one thread that is quick; later each doubling of the table waits 5 to 20 ms for all CPUs (RCU).
void reserve_descriptors(std::int64_t count);

std::int64_t memory_page_size();

}  // namespace tacho
