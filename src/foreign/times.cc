// SPDX-License-Identifier: Apache-2.0
#include "foreign/times.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>

#include "base/file.h"
#include "base/text.h"
#include "foreign/numbers.h"

namespace tacho {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kHour = 3600;
constexpr std::size_t kDate = 10;  // "2026-11-24"
// Years that 64 bits of nanoseconds hold.
constexpr int kFirstYear = 1678, kLastYear = 2261;
// A year has no more seconds than this; numbers above are finer than seconds (the year 5138).
constexpr double kMostSeconds = 1e11;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The two digits at `at`, or -1.
int two(const char* at) {
  return is_digit(at[0]) && is_digit(at[1]) ? (at[0] - '0') * 10 + (at[1] - '0') : -1;
}

std::optional<std::int64_t> seconds_of_date(std::string_view text) {
  if (text.size() < kDate) return std::nullopt;
  const char* at = text.data();
  const int high = two(at), low = two(at + 2), month = two(at + 5), day = two(at + 8);
  const bool has_marks = (at[4] == '-' && at[7] == '-') || (at[4] == '/' && at[7] == '/');
  if (high < 0 || low < 0 || month < 0 || day < 0 || !has_marks) return std::nullopt;
  const int year = high * 100 + low;
  if (year < kFirstYear || year > kLastYear) return std::nullopt;
  namespace c = std::chrono;
  const c::year_month_day date(c::year(year), c::month(static_cast<unsigned>(month)),
                               c::day(static_cast<unsigned>(day)));
  if (!date.ok()) return std::nullopt;
  return c::sys_days(date).time_since_epoch().count() * 24 * kHour;
}

// ".123456", taken off the front; digits beyond the ninth are dropped.
bool take_fraction(std::string_view& text, std::int64_t& nanoseconds) {
  if (text.empty() || (text[0] != '.' && text[0] != ',')) return true;
  std::size_t count = 1;
  for (; count < text.size() && is_digit(text[count]); ++count)
    if (count <= 9) nanoseconds = nanoseconds * 10 + (text[count] - '0');
  if (count == 1) return false;
  for (std::size_t missing = count; missing <= 9; ++missing) nanoseconds *= 10;
  text.remove_prefix(count);
  return true;
}

struct Zoned {
  bool is_right = false, is_naive = false;
  std::int64_t offset = 0;  // seconds east of UTC
};

// What is left of a time behind its seconds: nothing, Z, UTC, +01:00, +0100, +01.
Zoned read_zone(std::string_view text) {
  if (text.empty()) return {.is_right = true, .is_naive = true};
  if (text[0] == ' ') text.remove_prefix(1);
  if (text == "Z" || text == "z" || text == "UTC") return {.is_right = true};
  if (text.size() < 3 || (text[0] != '+' && text[0] != '-')) return {};
  const int hours = two(text.data() + 1);
  std::string_view rest = text.substr(3);
  if (rest.starts_with(':')) rest.remove_prefix(1);
  const int minutes = rest.empty() ? 0 : rest.size() == 2 ? two(rest.data()) : -1;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return {};
  return {.is_right = true, .offset = (text[0] == '-' ? -1 : 1) * (hours * kHour + minutes * 60)};
}

std::int64_t offset_at(std::int64_t wall) {
  const std::time_t seconds = wall;
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  parts.tm_isdst = -1;  // the zone's rules say
  return wall - static_cast<std::int64_t>(mktime(&parts));
}

bool is_zone_file(const std::string& path) {
  const auto bytes = read_file(path, std::size_t{1} << 20);
  return bytes && bytes->starts_with("TZif");
}

}  // namespace

std::string_view text_of(TimeForm form) {
  switch (form) {
    case TimeForm::iso:
      return "ISO 8601";
    case TimeForm::seconds:
      return "seconds since 1970";
    case TimeForm::milliseconds:
      return "milliseconds since 1970";
    case TimeForm::microseconds:
      return "microseconds since 1970";
    case TimeForm::nanoseconds:
      return "nanoseconds since 1970";
  }
  return "";
}

TimeForm form_of_number(double value) {
  const double size = std::fabs(value);
  if (size < kMostSeconds) return TimeForm::seconds;
  if (size < kMostSeconds * 1e3) return TimeForm::milliseconds;
  if (size < kMostSeconds * 1e6) return TimeForm::microseconds;
  return TimeForm::nanoseconds;
}

std::int64_t nanoseconds_of(TimeForm form) {
  switch (form) {
    case TimeForm::milliseconds:
      return 1'000'000;
    case TimeForm::microseconds:
      return 1'000;
    case TimeForm::nanoseconds:
      return 1;
    default:
      return kSecond;
  }
}

std::optional<TimeForm> form_of(std::string_view text) {
  if (TimeReader(TimeForm::iso).read(text)) return TimeForm::iso;
  std::int64_t integer = 0;
  double real = 0;
  switch (read_number(text.data(), text.data() + text.size(), integer, real)) {
    case Reading::integer:
      return form_of_number(static_cast<double>(integer));
    case Reading::real:
      return std::isfinite(real) ? std::optional(form_of_number(real)) : std::nullopt;
    default:
      return std::nullopt;
  }
}

std::int64_t LocalTime::instant_of(std::int64_t wall) {
  const std::int64_t hour = wall >= 0 ? wall / kHour : -((kHour - 1 - wall) / kHour);
  if (hour != hour_) {
    hour_ = hour;
    offset_ = offset_at(hour * kHour);
    is_constant_ = offset_at(hour * kHour + kHour - 1) == offset_;
  }
  return wall - (is_constant_ ? offset_ : offset_at(wall));
}

std::optional<std::int64_t> TimeReader::read(std::string_view text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  const auto time = form_ == TimeForm::iso ? read_iso(text) : read_number(text);
  return time && is_time(*time) ? time : std::nullopt;
}

std::optional<std::int64_t> TimeReader::read_iso(std::string_view text) {
  if (text.size() < kDate) return std::nullopt;
  if (std::memcmp(text.data(), day_, kDate) != 0) {
    const auto seconds = seconds_of_date(text);
    if (!seconds) return std::nullopt;
    day_seconds_ = *seconds;
    std::memcpy(day_, text.data(), kDate);
  }
  std::int64_t seconds = day_seconds_, nanoseconds = 0;
  text.remove_prefix(kDate);
  if (text.size() >= 6) {
    if ((text[0] != 'T' && text[0] != ' ' && text[0] != 't') || text[3] != ':') return std::nullopt;
    const int hour = two(text.data() + 1), minute = two(text.data() + 4);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) return std::nullopt;
    seconds += hour * kHour + minute * 60;
    text.remove_prefix(6);
    if (text.size() >= 3 && text[0] == ':') {
      const int second = two(text.data() + 1);
      if (second < 0 || second > 60) return std::nullopt;  // 60: a leap second
      seconds += second;
      text.remove_prefix(3);
      if (!take_fraction(text, nanoseconds)) return std::nullopt;
    }
  }
  const Zoned zone = read_zone(text);
  if (!zone.is_right) return std::nullopt;
  saw_naive_ = saw_naive_ || zone.is_naive;
  seconds = zone.is_naive ? local_.instant_of(seconds) : seconds - zone.offset;
  return seconds * kSecond + nanoseconds;
}

std::optional<std::int64_t> TimeReader::read_number(std::string_view text) const {
  std::int64_t integer = 0;
  double real = 0;
  const std::int64_t unit = nanoseconds_of(form_);
  const Reading reading = tacho::read_number(text.data(), text.data() + text.size(), integer, real);
  std::int64_t scaled = 0;
  if (reading == Reading::integer)
    return __builtin_mul_overflow(integer, unit, &scaled) ? std::nullopt : std::optional(scaled);
  if (reading != Reading::real || !(std::fabs(real) * static_cast<double>(unit) < 9.2e18))
    return std::nullopt;
  // Digits behind the point as they are written: a double of today has only 200 ns.
  const std::size_t point = text.find('.');
  const auto whole = parse_integer<std::int64_t>(text.substr(0, point));
  std::string_view rest = point == std::string_view::npos ? std::string_view() : text.substr(point);
  std::int64_t billionths = 0;
  if (unit != kSecond || !whole || *whole < 0 || !take_fraction(rest, billionths) || !rest.empty())
    return static_cast<std::int64_t>(std::llround(real * static_cast<double>(unit)));
  return *whole * kSecond + billionths;
}

Result<std::string> zone_variable(const std::string& zone) {
  if (zone == "utc" || zone == "UTC") return std::string("UTC0");
  if (zone.empty() || zone == "local") {
    const char* own = std::getenv("TZ");
    // Named, so that the C library does not look for changes of it at every time.
    return std::string(own != nullptr && *own != '\0' ? own : ":/etc/localtime");
  }
  const bool is_name = zone.size() < 100 && !zone.starts_with('/') &&
                       zone.find("..") == std::string::npos &&
                       std::ranges::all_of(
                           zone,
                           [](char c) {
                             return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                                    std::string_view("/_+-").find(c) != std::string_view::npos;
                           });
  const char* folder = std::getenv("TZDIR");
  const std::string path =
      std::string(folder != nullptr ? folder : "/usr/share/zoneinfo") + "/" + zone;
  if (!is_name || !is_zone_file(path))
    return Error{ErrorCode::invalid,
                 "--data-timezone: '" + escaped(zone, 60) +
                     "' is no time zone of this machine: write local, utc or a name "
                     "like Europe/Lisbon"};
  return ":" + zone;
}

}  // namespace tacho
