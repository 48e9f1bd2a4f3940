// SPDX-License-Identifier: Apache-2.0
// Times as other programs write them: ISO 8601 with or without a zone, or a number since 1970.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace tacho {

// Times before or behind it (1823 and 2116), ns since 1970, are none: so the difference of any two is a
// number of 64 bits.
inline constexpr std::int64_t kFarthestTime = std::int64_t{1} << 62;
constexpr bool is_time(std::int64_t time) { return time >= -kFarthestTime && time <= kFarthestTime; }

enum class TimeForm : std::uint8_t { iso, seconds, milliseconds, microseconds, nanoseconds };

// "ISO 8601", "seconds since 1970" ...
std::string_view text_of(TimeForm form);
// By the magnitude of a number: seconds until the year 5138, then finer.
TimeForm form_of_number(double value);
std::int64_t nanoseconds_of(TimeForm form);
// How a value would have to be read; nothing when it is no time.
std::optional<TimeForm> form_of(std::string_view text);

// Local wall time to an instant, by the zone of TZ. What the zone says of an hour is asked once.
class LocalTime {
 public:
  // Seconds since 1970 as a clock on the wall shows them. In the hour that a clock shows twice, the
  // first is taken.
  std::int64_t instant_of(std::int64_t wall);

 private:
  std::int64_t hour_ = INT64_MIN;
  std::int64_t offset_ = 0;
  bool is_constant_ = false;
};

// Reads one column's times. One thread each.
class TimeReader {
 public:
  explicit TimeReader(TimeForm form) : form_(form) {}
  // ns since 1970 UTC; nothing for what is no time of this form.
  std::optional<std::int64_t> read(std::string_view text);
  bool saw_naive() const { return saw_naive_; }

 private:
  std::optional<std::int64_t> read_iso(std::string_view text);
  std::optional<std::int64_t> read_number(std::string_view text) const;

  TimeForm form_;
  bool saw_naive_ = false;
  LocalTime local_;
  char day_[10] = {'-'};  // the date of the last row: the next one is mostly the same
  std::int64_t day_seconds_ = 0;
};

// What TZ must be for LocalTime to follow "utc", "local" or an IANA name; `invalid` for another.
Result<std::string> zone_variable(const std::string& zone);

}  // namespace tacho
