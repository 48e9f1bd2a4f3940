// SPDX-License-Identifier: Apache-2.0
// A kernel's figure in the unit of its column.
#pragma once

#include <cstdint>
#include <optional>

namespace tacho {

// Nothing when it does not fit: a counter that the kernel took below zero shows as almost 2^64.
constexpr std::optional<std::int64_t> scaled(std::optional<std::int64_t> value, std::int64_t scale) {
  std::int64_t product = 0;
  if (!value || __builtin_mul_overflow(*value, scale, &product)) return std::nullopt;
  return product;
}

}  // namespace tacho
