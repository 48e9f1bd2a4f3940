// SPDX-License-Identifier: Apache-2.0
#include "foreign/numbers.h"

#include <algorithm>
#include <cctype>
#include <cfloat>
#include <cmath>
#include <string>

#include "base/text.h"

namespace tacho {
namespace {

// What programs write where there is no value.
constexpr std::string_view kMissing[] = {"",     "-",    "n/a", "na",   "nan",    "-nan",
                                         "null", "none", "nil", "<na>", "unknown"};

bool is_missing(std::string_view text) {
  if (text.size() > 8) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kMissing, lower) != std::end(kMissing);
}

}  // namespace

Reading read_rare_number(std::string_view text, std::int64_t& integer, double& real) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  text = trimmed(text);
  if (is_missing(text)) return Reading::missing;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const auto whole = parse_integer<std::int64_t>(text)) {
    integer = *whole;
    return Reading::integer;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (end != text.data() + text.size() || text.empty()) return Reading::text;
  // Beyond what a double holds: as good as no number, but no reason to call the column text.
  if (error == std::errc::result_out_of_range || !std::isfinite(real)) return Reading::missing;
  return error == std::errc() ? Reading::real : Reading::text;
}

double exact_quotient(std::uint64_t number, std::ptrdiff_t power, std::string_view text) {
#if LDBL_MANT_DIG == 64
  // Both are exact in 64 bits, and the quotient is rounded to those; rounding it once more, to a
  // double's 53, is wrong only when it lies right between two of them.
  constexpr std::uint64_t kCut = 0x7FF, kHalf = 0x400;
  const long double quotient =
      static_cast<long double>(number) / static_cast<long double>(kPowersOfTen[power]);
  std::uint64_t bits;
  std::memcpy(&bits, &quotient, sizeof bits);
  if ((bits & kCut) != kHalf) return static_cast<double>(quotient);
#endif
  double value = static_cast<double>(number) / kPowersOfTen[power];
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Reading read_long_number(const char* const begin, const char* end, std::int64_t& integer,
                         double& real) {
  constexpr std::ptrdiff_t kMostDigits = 18;  // always below 2^63
  const bool is_negative = *begin == '-';
  const char* at = begin + (is_negative ? 1 : 0);
  const char* const digits = at;
  std::uint64_t number = 0;
  const std::ptrdiff_t before = take_digits(at, number);
  if (at == end && before > 0 && before <= kMostDigits) {
    integer = is_negative ? -static_cast<std::int64_t>(number) : static_cast<std::int64_t>(number);
    return Reading::integer;
  }
  if (at < end && *at == '.' && before > 0) {
    ++at;
    const std::ptrdiff_t behind = take_digits(at, number);
    if (at == end && behind > 0 && before + behind <= kMostDigits) {
      const double value =
          exact_quotient(number, behind, {digits, static_cast<std::size_t>(end - digits)});
      real = is_negative ? -value : value;
      return Reading::real;
    }
  }
  return read_rare_number({begin, static_cast<std::size_t>(end - begin)}, integer, real);
}

}  // namespace tacho
