// SPDX-License-Identifier: Apache-2.0
// The rights that a process of tacho keeps: docs/SECURITY.md lists them, and a test holds running
// processes against that list.
#pragma once

#include <span>

namespace tacho {

// Of linux/capability.h.
using Capability = int;

// Gives up all capabilities but `kept`, for this process and for what it starts: of those it has, and
// of those it could get by executing a program, as far as that may be limited. Never gives any. Before
// there are threads. What the kernel refuses to take stays.
void keep_capabilities(std::span<const Capability> kept);

// What is started from here on inherits none beyond what its user has.
void hand_down_no_capabilities();

}  // namespace tacho
