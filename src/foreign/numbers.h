// SPDX-License-Identifier: Apache-2.0
// Numbers as they stand in CSV files. Inline: called for every value.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>
#include <system_error>

namespace tacho {

enum class Reading : std::uint8_t { missing, integer, real, text };

// The slow way: signs, exponents, many digits, blanks, quotes, words for "nothing" (N/A, NaN, null, -).
Reading read_rare_number(std::string_view text, std::int64_t& integer, double& real);

// 10^n is exact in a double up to here, and so is a quotient by it of an integer below 2^53.
inline constexpr double kPowersOfTen[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                                          1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// What a field is; its value in the one of the two that it names.
inline Reading read_number(const char* at, const char* end, std::int64_t& integer, double& real) {
  constexpr std::ptrdiff_t kMostDigits = 18;  // always below 2^63
  const char* const begin = at;
  const bool is_negative = at != end && *at == '-';
  at += is_negative ? 1 : 0;
  const char* const digits = at;
  std::uint64_t number = 0;
  for (; at != end; ++at) {
    const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
    if (digit > 9) break;
    number = number * 10 + digit;
  }
  const std::ptrdiff_t before = at - digits;
  if (at == end && before > 0 && before <= kMostDigits) {
    integer = is_negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
    return Reading::integer;
  }
  if (at != end && *at == '.' && before > 0) {
    const char* const point = at++;
    for (; at != end; ++at) {
      const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
      if (digit > 9) break;
      number = number * 10 + digit;
    }
    const std::ptrdiff_t behind = at - point - 1;
    if (at == end && behind > 0 && before + behind <= kMostDigits && number < std::uint64_t{1} << 53) {
      const double value = static_cast<double>(number) / kPowersOfTen[behind];
      real = is_negative ? -value : value;
      return Reading::real;
    }
  }
  return read_rare_number({begin, static_cast<std::size_t>(end - begin)}, integer, real);
}

}  // namespace tacho
