// SPDX-License-Identifier: Apache-2.0
// Numbers as they stand in CSV files. Inline: called for every value.
#pragma once

#include <bit>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <system_error>

namespace tacho {

enum class Reading : std::uint8_t { missing, integer, real, text };

// The slow way: signs, exponents, many digits, blanks, quotes, words for "nothing" (N/A, NaN, null,
// -).
Reading read_rare_number(std::string_view text, std::int64_t& integer, double& real);

// 10^n is exact in a double up to here, and so is a quotient by it of an integer below 2^53.
inline constexpr double kPowersOfTen[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                          1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

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
    if (at == end && behind > 0 && before + behind <= kMostDigits &&
        number < std::uint64_t{1} << 53) {
      const double value = static_cast<double>(number) / kPowersOfTen[behind];
      real = is_negative ? -value : value;
      return Reading::real;
    }
  }
  return read_rare_number({begin, static_cast<std::size_t>(end - begin)}, integer, real);
}

// Bytes that must be readable behind a number that is read in words.
inline constexpr std::size_t kNumberPadding = 8;

// Takes the digits at `at` into `number`; how many there were. Eight at a time, without a branch
// for each.
[[gnu::always_inline]] inline std::ptrdiff_t take_digits(const char*& at, std::uint64_t& number) {
  constexpr std::uint64_t kZeros = 0x3030303030303030, kAboveNine = 0x7676767676767676,
                          kHighBits = 0x8080808080808080;
  constexpr std::uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                       100'000, 1'000'000, 10'000'000, 100'000'000};
  std::ptrdiff_t all = 0;
  while (true) {
    std::uint64_t bytes;
    std::memcpy(&bytes, at, sizeof bytes);
    bytes ^= kZeros;  // a digit's byte is its value now
    const std::uint64_t others = ((bytes + kAboveNine) | bytes) & kHighBits;
    const unsigned count = others == 0 ? 8 : static_cast<unsigned>(std::countr_zero(others)) / 8;
    if (count == 0) return all;
    bytes <<= 8 * (8 - count);          // as many zeros before them
    bytes = bytes * 10 + (bytes >> 8);  // pairs
    constexpr std::uint64_t kPairs = 0x000000FF000000FF;
    bytes =
        ((bytes & kPairs) * 0x000F424000000064 + ((bytes >> 16) & kPairs) * 0x0000271000000001) >>
        32;
    number = number * kPowers[count] + bytes;
    at += count;
    all += count;
    if (count < 8) return all;
  }
}

// The same as read_number, faster: kNumberPadding bytes behind `end` must be readable, and what
// stands at `end` must be no digit.
[[gnu::always_inline]] inline Reading read_padded_number(const char* at, const char* end,
                                                         std::int64_t& integer, double& real) {
  constexpr std::ptrdiff_t kMostDigits = 18;
  const char* const begin = at;
  const bool is_negative = *at == '-';
  at += is_negative ? 1 : 0;
  std::uint64_t number = 0;
  const std::ptrdiff_t before = take_digits(at, number);
  if (at == end && before > 0 && before <= kMostDigits) {
    integer = is_negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
    return Reading::integer;
  }
  if (*at == '.' && before > 0) {
    ++at;
    const std::ptrdiff_t behind = take_digits(at, number);
    if (at == end && behind > 0 && before + behind <= kMostDigits &&
        number < std::uint64_t{1} << 53) {
      const double value = static_cast<double>(number) / kPowersOfTen[behind];
      real = is_negative ? -value : value;
      return Reading::real;
    }
  }
  if (begin == end) return Reading::missing;
  return read_rare_number({begin, static_cast<std::size_t>(end - begin)}, integer, real);
}

}  // namespace tacho
