// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <fmt/format.h>

#include <array>
#include <limits>
#include <optional>

#include "base/text.h"

namespace tacho {
namespace {

__extension__ using Wide = __int128;  // products of a 64-bit number and a unit

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr int kMostDigits = 18;  // of a number's whole part: more cannot be 64 bits
constexpr int kMostFraction = 9;  // nanoseconds; further digits say nothing and are dropped

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

// "12" or "12.5", exact: billionths beside the whole part.
struct Decimal {
  std::int64_t whole = 0;
  std::int64_t billionths = 0;
};

std::size_t digits_at_front(std::string_view text) {
  std::size_t count = 0;
  while (count < text.size() && is_digit(text[count])) ++count;
  return count;
}

std::int64_t billionths_of(std::string_view digits) {
  std::int64_t value = 0;
  for (std::size_t i = 0; i < kMostFraction; ++i)
    value = value * 10 + (i < digits.size() ? digits[i] - '0' : 0);
  return value;
}

std::optional<Decimal> take_decimal(std::string_view& text) {
  Decimal number;
  const std::size_t whole = digits_at_front(text);
  if (whole == 0 || whole > kMostDigits) return std::nullopt;
  number.whole = *parse_integer<std::int64_t>(text.substr(0, whole));
  text.remove_prefix(whole);
  if (!text.starts_with('.')) return number;
  text.remove_prefix(1);
  const std::size_t fraction = digits_at_front(text);
  if (fraction == 0) return std::nullopt;
  number.billionths = billionths_of(text.substr(0, fraction));
  text.remove_prefix(fraction);
  return number;
}

// A number's unit: the letters after it and after the blanks that people put between.
std::string_view take_unit(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::size_t length = 0;
  while (length < text.size() && is_letter(text[length])) ++length;
  const std::string_view unit = text.substr(0, length);
  text.remove_prefix(length);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return unit;
}

Wide product(const Decimal& number, std::int64_t unit) {
  return Wide{number.whole} * unit + Wide{number.billionths} * unit / kSecond;
}

bool fits(Wide value) {
  return value <= std::numeric_limits<std::int64_t>::max() &&
         value >= std::numeric_limits<std::int64_t>::min();
}

struct NamedUnit {
  std::string_view name;
  std::int64_t size;
};

constexpr std::array kDurations = {
    NamedUnit{"ns", 1},           NamedUnit{"us", 1'000},          NamedUnit{"ms", 1'000'000},
    NamedUnit{"s", kSecond},      NamedUnit{"m", 60 * kSecond},    NamedUnit{"h", 3'600 * kSecond},
    NamedUnit{"d", 86'400 * kSecond}, NamedUnit{"w", 604'800 * kSecond}};

Error wrong(std::string_view what, std::string_view text, std::string_view right) {
  return {ErrorCode::invalid,
          fmt::format("'{}' is not a {}: write for example {}", escaped(text, 80), what, right)};
}

constexpr std::string_view kRightDuration = "250ms, 10s, 2m30s, 1.5h or 7d";
constexpr std::string_view kRightSize = "4096, 512KiB, 1.5GiB or 2GB";

// 0 for an unknown unit. Upper or lower case: nobody means a milli-byte by "512m".
std::int64_t size_unit(std::string_view name) {
  std::string lower;
  for (const char c : name) lower.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  if (lower.empty() || lower == "b") return 1;
  const std::size_t power = std::string_view("kmgtpe").find(lower[0]);
  if (power == std::string_view::npos) return 0;
  const std::string_view rest = std::string_view(lower).substr(1);
  std::int64_t base = 0;
  if (rest.empty() || rest == "ib") base = 1024;
  if (rest == "b") base = 1000;
  std::int64_t size = base;
  for (std::size_t i = 0; i < power; ++i) size *= base;
  return size;
}

// Three significant digits of `value` / `unit`.
std::string three_digits(std::int64_t value, std::int64_t unit) {
  const double ratio = static_cast<double>(value) / static_cast<double>(unit);
  // The borders are those at which rounding would bring a fourth digit.
  const int decimals = ratio < 9.995 ? 2 : ratio < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f}", ratio, decimals);
}

std::string without_trailing_zeros(std::string number) {
  if (number.find('.') == std::string::npos) return number;
  number.erase(number.find_last_not_of('0') + 1);
  if (number.ends_with('.')) number.pop_back();
  return number;
}

}  // namespace

Result<Nanoseconds> parse_duration(std::string_view text) {
  std::string_view rest = trimmed(text);
  Wide total = 0;
  bool bare = false;
  bool first = true;
  do {
    const auto number = take_decimal(rest);
    if (!number || bare) return wrong("duration", text, kRightDuration);
    const std::string_view name = take_unit(rest);
    std::int64_t size = 0;
    for (const NamedUnit& unit : kDurations)
      if (unit.name == name) size = unit.size;
    if (name.empty() && first) {
      size = kSecond;
      bare = true;  // nothing may follow a bare number: "10 5s" is a slip
    }
    if (size == 0) return wrong("duration", text, kRightDuration);
    total += product(*number, size);
    if (!fits(total))
      return Error{ErrorCode::invalid,
                   fmt::format("the duration '{}' is too long: the longest is 292 years",
                               escaped(text, 80))};
    first = false;
  } while (!rest.empty());
  return Nanoseconds(static_cast<std::int64_t>(total));
}

Result<std::int64_t> parse_size(std::string_view text) {
  std::string_view rest = trimmed(text);
  const auto number = take_decimal(rest);
  if (!number) return wrong("size", text, kRightSize);
  const std::int64_t unit = size_unit(take_unit(rest));
  // Half a byte: the unit was forgotten.
  const bool part_of_a_byte = unit == 1 && number->billionths != 0;
  if (unit == 0 || !rest.empty() || part_of_a_byte) return wrong("size", text, kRightSize);
  const Wide bytes = product(*number, unit);
  if (!fits(bytes))
    return Error{ErrorCode::invalid,
                 fmt::format("the size '{}' is too large: the largest is 7.99EiB",
                             escaped(text, 80))};
  return static_cast<std::int64_t>(bytes);
}

std::string format_size(std::int64_t bytes) {
  constexpr std::array<std::string_view, 7> kNames = {"B",   "KiB", "MiB", "GiB",
                                                      "TiB", "PiB", "EiB"};
  if (bytes < 0) return "-" + format_size(bytes == INT64_MIN ? INT64_MAX : -bytes);
  std::size_t power = 0;
  std::int64_t unit = 1;
  // 1023.5 of a unit would be written as 1024 of it.
  while (power + 1 < kNames.size() &&
         Wide{bytes} * 2 >= Wide{unit} * (power == 0 ? 2048 : 2047)) {
    unit *= 1024;
    ++power;
  }
  if (power == 0) return fmt::format("{} B", bytes);
  return fmt::format("{} {}", three_digits(bytes, unit), kNames[power]);
}

std::string format_duration(Nanoseconds duration) {
  const std::int64_t count = duration.count();
  if (count < 0) return "-" + format_duration(Nanoseconds(count == INT64_MIN ? INT64_MAX : -count));
  // From 59.95 s on, seconds with one decimal would be written as 60.
  constexpr std::int64_t kMinute = 60 * kSecond;
  if (count < kMinute - kSecond / 20) {
    // Above 999.5 of a unit, three digits would be 1000 of it.
    for (std::size_t i = 0; i < 3; ++i) {
      const NamedUnit& unit = kDurations[i];
      if (Wide{count} * 2 < Wide{unit.size} * 1999)
        return fmt::format("{} {}", without_trailing_zeros(three_digits(count, unit.size)),
                           unit.name);
    }
    return without_trailing_zeros(three_digits(count, kSecond)) + " s";
  }
  const std::int64_t seconds = count / kSecond + (count % kSecond >= kSecond / 2 ? 1 : 0);
  if (seconds < 3'600) return fmt::format("{}m{:02}s", seconds / 60, seconds % 60);
  const std::int64_t minutes = (seconds + 30) / 60;
  if (minutes < 24 * 60) return fmt::format("{}h{:02}m", minutes / 60, minutes % 60);
  const std::int64_t hours = (minutes + 30) / 60;
  return fmt::format("{}d{:02}h", hours / 24, hours % 24);
}

}  // namespace tacho
