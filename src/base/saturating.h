// SPDX-License-Identifier: Apache-2.0
// Arithmetic on figures that may be any, because the kernel or somebody else's recording says them: what does
// not fit 64 bits stays at the end of their range.
#pragma once

#include <cstdint>
#include <limits>

namespace tacho {

constexpr std::int64_t saturating_sum(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? Limits::min() : Limits::max()) : sum;
}
constexpr std::int64_t saturating_difference(std::int64_t a, std::int64_t b) {
  using Limits = std::numeric_limits<std::int64_t>;
  std::int64_t difference = 0;
  return __builtin_sub_overflow(a, b, &difference) ? (b < 0 ? Limits::max() : Limits::min()) : difference;
}
// Of `now` that is not less than `before`: it always fits here.
constexpr double growth(std::int64_t now, std::int64_t before) {
  return static_cast<double>(static_cast<std::uint64_t>(now) - static_cast<std::uint64_t>(before));
}
constexpr void add_up(std::int64_t& sum, std::int64_t value) { sum = saturating_sum(sum, value); }

}  // namespace tacho
