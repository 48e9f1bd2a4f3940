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

// Bytes of a number in a word, the first one lowest. A digit's byte is its value, of any other the
// mask below has a bit (and maybe of bytes behind it).
struct Digits {
  static constexpr std::uint64_t kZeros = 0x3030303030303030, kAboveNine = 0x7676767676767676,
                                 kHighBits = 0x8080808080808080;
  std::uint64_t bytes;

  static Digits at(const char* place) {
    Digits digits;
    std::memcpy(&digits.bytes, place, sizeof digits.bytes);
    digits.bytes ^= kZeros;
    return digits;
  }
  std::uint64_t others() const { return ((bytes + kAboveNine) | bytes) & kHighBits; }
  // Zeros in front, so that the first `count` bytes stay.
  Digits first(unsigned count) const { return {bytes << (8 * (8 - count))}; }
  // Without the byte `place`: those before it move up.
  Digits without(unsigned place) const {
    const std::uint64_t before = (std::uint64_t{1} << (8 * place)) - 1;
    return {(bytes & ~(before << 8 | 0xFF)) | (bytes & before) << 8};
  }
  // Of 8 digits.
  std::uint64_t value() const {
    constexpr std::uint64_t kPairs = 0x000000FF000000FF;
    const std::uint64_t pairs = bytes * 10 + (bytes >> 8);
    return ((pairs & kPairs) * 0x000F424000000064 +
            ((pairs >> 16) & kPairs) * 0x0000271000000001) >>
           32;
  }
};

// The quotient of an integer by a power of ten below 10^19, as it is written.
double exact_quotient(std::uint64_t number, std::ptrdiff_t power, std::string_view text);

// Takes the digits at `at` into `number`; how many there were. Eight at a time, without a branch
// for each.
[[gnu::always_inline]] inline std::ptrdiff_t take_digits(const char*& at, std::uint64_t& number) {
  constexpr std::uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                       100'000, 1'000'000, 10'000'000, 100'000'000};
  std::ptrdiff_t all = 0;
  while (true) {
    const Digits digits = Digits::at(at);
    const std::uint64_t others = digits.others();
    const unsigned count = others == 0 ? 8 : static_cast<unsigned>(std::countr_zero(others)) / 8;
    if (count == 0) return all;
    number = number * kPowers[count] + digits.first(count).value();
    at += count;
    all += count;
    if (count < 8) return all;
  }
}

// A number of more than 16 bytes, or what is none. `begin` is before the sign.
Reading read_long_number(const char* begin, const char* end, std::int64_t& integer, double& real);

// The same as read_number, faster: kNumberPadding bytes behind `end` must be readable, and what
// stands at `end` must be no digit. What is usual has two forms, and which one a column has a
// processor foresees: nothing else here is a branch.
[[gnu::always_inline]] inline Reading read_padded_number(const char* const begin, const char* end,
                                                         std::int64_t& integer, double& real) {
  constexpr std::uint64_t kPoint = '.' ^ '0';
  const bool is_negative = *begin == '-';
  const char* const at = begin + (is_negative ? 1 : 0);
  const std::ptrdiff_t size = end - at;
  std::uint64_t number = 0;
  unsigned place = 0, behind = 0;  // of the point; digits behind it
  if (size >= 1 && size <= 8) {
    Digits all = Digits::at(at).first(static_cast<unsigned>(size));
    const std::uint64_t others = all.others();
    if (others != 0) {
      place = static_cast<unsigned>(std::countr_zero(others)) / 8;
      behind = 7 - place;
      const bool is_point = (others & (others - 1)) == 0 && (all.bytes >> (8 * place) & 0xFF) == kPoint;
      if (!is_point || behind == 0 || behind + 1 >= size)
        return begin == end ? Reading::missing : read_long_number(begin, end, integer, real);
      all = all.without(place);
    }
    number = all.value();
  } else if (size > 8 && size <= 16) {
    Digits high = Digits::at(at).first(static_cast<unsigned>(size) - 8), low = Digits::at(end - 8);
    const std::uint64_t in_high = high.others(), in_low = low.others();
    if ((in_high | in_low) != 0) {
      const bool is_in_high = in_high != 0;
      const std::uint64_t others = is_in_high ? in_high : in_low;
      place = static_cast<unsigned>(std::countr_zero(others)) / 8;
      behind = (is_in_high ? 15 : 7) - place;
      const bool is_point = (others & (others - 1)) == 0 && (!is_in_high || in_low == 0) &&
                            ((is_in_high ? high : low).bytes >> (8 * place) & 0xFF) == kPoint;
      if (!is_point || behind == 0 || behind + 1 >= size)
        return read_long_number(begin, end, integer, real);
      if (is_in_high) {
        high = high.without(place);
      } else {
        low.bytes = low.without(place).bytes | high.bytes >> 56;
        high.bytes <<= 8;
      }
    }
    number = high.value() * 100'000'000 + low.value();
  } else {
    return begin == end ? Reading::missing : read_long_number(begin, end, integer, real);
  }
  if (behind == 0) {
    integer = is_negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
    return Reading::integer;
  }
  // At most 15 digits: both are exact, and so is the quotient as far as a double goes.
  const double value = static_cast<double>(number) / kPowersOfTen[behind];
  real = is_negative ? -value : value;
  return Reading::real;
}

}  // namespace tacho
