// SPDX-License-Identifier: Apache-2.0
// One value as text: for people by its unit, or for machines as it is.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/units.h"
#include "query/rows.h"

namespace tacho {

// Times for people. The zone, and the date where all lie on one day, are said once, in a title; a
// time of another offset (the clocks were changed in between) carries its own.
class Moments {
 public:
  // All times lie between the two. One alone: of the others only the zone is taken to be the same.
  Moments(Zone zone, Nanoseconds first, std::optional<Nanoseconds> last = std::nullopt);
  // "2026-11-24 21:28:41.123"; "21:28:41.123" where the date is in the title.
  std::string text(Nanoseconds time, int digits) const;
  // "UTC", "-03:00", or with the date "2026-11-24, -03:00".
  std::string title() const;

 private:
  Zone zone_;
  std::string offset_, date_;  // date_: empty unless all lie on it
};

// As format_duration; nothing is "0 s".
std::string duration_text(std::int64_t nanoseconds);

// "1.24 GiB", "12.3 s", "2026-11-24 21:28:41.123", "0.42"; empty for null.
std::string display(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                    const Moments& moments);
// "1331691520", ISO 8601 for timestamps; empty for null. Text as tacho stores it.
std::string machine_text(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                         Zone zone);
// A double with as many digits as it needs, "." as decimal point.
std::string plain_number(double value);
// Is the column a number, to be aligned right?
bool is_number(const ColumnInfo& column);

}  // namespace tacho
