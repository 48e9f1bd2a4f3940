// SPDX-License-Identifier: Apache-2.0
// Limits of our own process.
#pragma once

#include <cstdint>

namespace tacho {

// Raises the soft limit of open descriptors to the hard one and returns it.
std::int64_t raise_descriptor_limit();

std::int64_t memory_page_size();

}  // namespace tacho
