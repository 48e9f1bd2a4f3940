// SPDX-License-Identifier: Apache-2.0
// Arithmetic on the kernel's figures, which may be any: what does not fit 64 bits is the largest number,
// and a figure that large is not known.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>

namespace tacho {

inline constexpr std::int64_t kUnknowable = std::numeric_limits<std::int64_t>::max();

// Of a figure that is never below zero; one that the kernel took there shows as almost 2^64.
constexpr std::int64_t saturated(std::uint64_t value, std::int64_t unit = 1) {
  std::int64_t product = 0;
  return __builtin_mul_overflow(value, unit, &product) ? kUnknowable : product;
}
constexpr std::optional<std::int64_t> if_knowable(std::int64_t value) {
  return value == kUnknowable ? std::nullopt : std::optional(value);
}

}  // namespace tacho
