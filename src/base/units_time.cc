// SPDX-License-Identifier: Apache-2.0
// Points in time, read and written. The zone is the C library's, so that TZ is honoured.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <optional>

#include "base/text.h"
#include "base/units.h"

namespace tacho {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
// Nanoseconds since 1970 in 64 bits end in the year 2262.
constexpr int kFirstYear = 1678, kLastYear = 2261;

struct Fields {
  int year = 0, month = 0, day = 0;  // 0: not given
  int hour = 0, minute = 0, second = 0;
  std::int64_t nanosecond = 0;
  std::optional<int> offset;  // seconds east of UTC
};

Error wrong_time(std::string_view text) {
  return {ErrorCode::invalid,
          fmt::format("'{}' is not a time: write for example now, -5m, 21:28, 2026-11-24 or "
                      "2026-11-24T21:28:41+01:00",
                      escaped(text, 80))};
}

// Takes exactly `width` digits that make a number of at most `most` off the front.
bool take_number(std::string_view& text, std::size_t width, int most, int& value) {
  if (text.size() < width) return false;
  const auto number = parse_integer<unsigned>(text.substr(0, width));
  if (!number || *number > static_cast<unsigned>(most)) return false;
  value = static_cast<int>(*number);
  text.remove_prefix(width);
  return true;
}

bool take_character(std::string_view& text, std::string_view choices) {
  if (text.empty() || choices.find(text[0]) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

// The digits after a point; more than nine are read and dropped.
bool take_fraction(std::string_view& text, std::int64_t& nanosecond) {
  nanosecond = 0;
  std::size_t count = 0;
  for (; count < text.size() && text[count] >= '0' && text[count] <= '9'; ++count)
    if (count < 9) nanosecond = nanosecond * 10 + (text[count] - '0');
  for (std::size_t i = count; i < 9; ++i) nanosecond *= 10;
  text.remove_prefix(count);
  return count > 0;
}

bool take_clock(std::string_view& text, Fields& fields) {
  if (!take_number(text, 2, 23, fields.hour) || !take_character(text, ":") ||
      !take_number(text, 2, 59, fields.minute))
    return false;
  if (!take_character(text, ":")) return true;
  if (!take_number(text, 2, 59, fields.second)) return false;
  return !take_character(text, ".,") || take_fraction(text, fields.nanosecond);
}

bool take_date(std::string_view& text, Fields& fields) {
  if (!take_number(text, 4, kLastYear, fields.year) || fields.year < kFirstYear ||
      !take_character(text, "-") || !take_number(text, 2, 12, fields.month) ||
      !take_character(text, "-") || !take_number(text, 2, 31, fields.day))
    return false;
  namespace c = std::chrono;
  return c::year_month_day(c::year(fields.year), c::month(static_cast<unsigned>(fields.month)),
                           c::day(static_cast<unsigned>(fields.day)))
      .ok();
}

// "Z", "+01:00", "+0100", "+01" or nothing.
bool take_offset(std::string_view& text, Fields& fields) {
  if (take_character(text, "Zz")) {
    fields.offset = 0;
    return true;
  }
  if (text.empty() || (text[0] != '+' && text[0] != '-')) return true;
  const int sign = text[0] == '-' ? -1 : 1;
  text.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (!take_number(text, 2, 23, hours)) return false;
  take_character(text, ":");
  if (!text.empty() && !take_number(text, 2, 59, minutes)) return false;
  fields.offset = sign * (hours * 3'600 + minutes * 60);
  return true;
}

Nanoseconds instant_of(const Fields& fields) {
  std::tm parts{};
  parts.tm_year = fields.year - 1900;
  parts.tm_mon = fields.month - 1;
  parts.tm_mday = fields.day;
  parts.tm_hour = fields.hour;
  parts.tm_min = fields.minute;
  parts.tm_sec = fields.second;
  parts.tm_isdst = -1;  // the zone's rules say
  const std::int64_t seconds =
      fields.offset ? timegm(&parts) - *fields.offset : static_cast<std::int64_t>(mktime(&parts));
  return Nanoseconds(seconds * kSecond + fields.nanosecond);
}

std::int64_t whole_seconds(Nanoseconds time) {
  return std::chrono::floor<std::chrono::seconds>(time).count();
}

std::tm parts_of(Nanoseconds time, Zone zone) {
  const std::time_t seconds = whole_seconds(time);
  std::tm parts{};
  if (zone == Zone::utc)
    gmtime_r(&seconds, &parts);
  else
    localtime_r(&seconds, &parts);
  return parts;
}

// A time of the day without a date: today's, or yesterday's when today's is still to come.
Nanoseconds latest(Fields fields, Nanoseconds now) {
  const std::tm today = parts_of(now, Zone::local);
  fields.year = today.tm_year + 1900;
  fields.month = today.tm_mon + 1;
  fields.day = today.tm_mday;
  const Nanoseconds time = instant_of(fields);
  if (time <= now) return time;
  --fields.day;  // mktime takes the 0th of a month for the last of the one before
  return instant_of(fields);
}

std::optional<Nanoseconds> parse_epoch(std::string_view text) {
  // 9'000'000'000 s is the year 2255, the last whole thousand million that 64 bits hold.
  const bool has_fraction = text.find('.') != std::string_view::npos;
  const auto seconds = parse_integer<std::uint64_t>(take_until(text, '.'));
  if (!seconds || *seconds > 9'000'000'000) return std::nullopt;
  std::int64_t nanosecond = 0;
  if (has_fraction && (!take_fraction(text, nanosecond) || !text.empty())) return std::nullopt;
  return Nanoseconds(static_cast<std::int64_t>(*seconds) * kSecond + nanosecond);
}

}  // namespace

Result<Nanoseconds> parse_time(std::string_view text, Nanoseconds now) {
  std::string_view rest = trimmed(text);
  if (rest == "now") return now;
  if (rest.starts_with('-')) {
    const auto before = parse_duration(rest.substr(1));
    if (!before) return wrong_time(text);
    return now - *before;
  }
  if (rest.starts_with('@')) {
    const auto time = parse_epoch(rest.substr(1));
    if (!time) return wrong_time(text);
    return *time;
  }
  Fields fields;
  if (rest.size() > 2 && rest[2] == ':') {
    if (!take_clock(rest, fields) || !rest.empty()) return wrong_time(text);
    return latest(fields, now);
  }
  if (!take_date(rest, fields)) return wrong_time(text);
  if (rest.empty()) return instant_of(fields);
  if (!take_character(rest, "Tt ") || !take_clock(rest, fields)) return wrong_time(text);
  take_character(rest, " ");
  if (!take_offset(rest, fields) || !rest.empty()) return wrong_time(text);
  return instant_of(fields);
}

std::string format_time(Nanoseconds time, Zone zone, int digits) {
  const std::tm parts = parts_of(time, zone);
  std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900,
                                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min,
                                 parts.tm_sec);
  if (digits > 0) {
    const std::int64_t rest = time.count() % kSecond;  // below zero before 1970
    const std::int64_t fraction = rest < 0 ? rest + kSecond : rest;
    // Cut, not rounded: a time must not be written as one that had not come yet.
    text += "." + fmt::format("{:09}", fraction).substr(0, std::min<std::size_t>(digits, 9));
  }
  if (zone == Zone::utc) return text + "Z";
  const long minutes = parts.tm_gmtoff / 60;
  const long size = minutes < 0 ? -minutes : minutes;
  return text + fmt::format("{}{:02}:{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::string format_clock_time(Nanoseconds time, Zone zone) {
  const std::tm parts = parts_of(time, zone);
  return fmt::format("{:02}:{:02}:{:02}", parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace tacho
