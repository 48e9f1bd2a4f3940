// SPDX-License-Identifier: Apache-2.0
#include "views/values.h"

#include <fmt/format.h>

#include <cmath>

#include "base/display.h"

namespace tacho {
namespace {

// A rate in units that people read; the unit's "/s" stays.
std::string display_real(double value, std::string_view unit) {
  if (!std::isfinite(value)) return plain_number(value);
  if (unit == "By" || unit == "By/s")
    return format_size(static_cast<std::int64_t>(value)) + (unit == "By/s" ? "/s" : "");
  if (unit == "ns") return duration_text(static_cast<std::int64_t>(value));
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{:.{}f}", value, std::fabs(value) >= 100 ? 1 : 2);
}

std::string display_integer(std::int64_t value, std::string_view unit) {
  if (unit == "By") return value < 0 ? "-" + format_size(-value) : format_size(value);
  if (unit == "ns") return duration_text(value);
  return fmt::format("{}", value);
}

// The parts of an ISO time: its date, and its offset ("Z" is UTC).
std::string date_of(Nanoseconds time, Zone zone) { return format_time(time, zone, 0).substr(0, 10); }
std::string offset_of(Nanoseconds time, Zone zone) {
  const std::string offset = format_time(time, zone, 0).substr(19);
  return offset == "Z" || offset == "+00:00" ? "UTC" : offset;
}

}  // namespace

Moments::Moments(Zone zone, Nanoseconds first, std::optional<Nanoseconds> last)
    : zone_(zone), offset_(offset_of(first, zone)) {
  if (last && date_of(first, zone) == date_of(*last, zone)) date_ = date_of(first, zone);
}

std::string Moments::text(Nanoseconds time, int digits) const {
  std::string text = format_time(time, zone_, digits);
  text.erase(text.find_first_of("Z+-", 19));  // the offset: behind date and time
  text[10] = ' ';
  if (!date_.empty() && text.starts_with(date_)) text.erase(0, 11);
  const std::string offset = offset_of(time, zone_);
  return offset == offset_ ? text : text + " " + offset;
}

std::string Moments::title() const { return date_.empty() ? offset_ : date_ + ", " + offset_; }

std::string duration_text(std::int64_t nanoseconds) {
  return nanoseconds == 0 ? "0 s" : format_duration(Nanoseconds(nanoseconds));
}

std::string plain_number(double value) { return fmt::format("{}", value); }

bool is_number(const ColumnInfo& column) {
  return column.type && *column.type != Type::text && *column.type != Type::timestamp;
}

std::string display(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                    const Moments& moments) {
  if (values.is_null(row) || !column.type) return "";
  switch (*column.type) {
    case Type::text:
      return printable(values.text(row));
    case Type::timestamp:
      return moments.text(Nanoseconds(values.integer(row)), 3);
    case Type::real:
      return display_real(values.real(row), column.unit);
    case Type::unsigned_integer:
      return fmt::format("{}", values.word(row));
    case Type::integer:
      // Instants are ns too, but no duration to read: they stay numbers.
      if (column.is_stamp() || column.name.ends_with("boottime"))
        return fmt::format("{:.3f}", static_cast<double>(values.integer(row)) / 1e9);
      if (column.name.ends_with("_time") && column.kind == Kind::gauge && column.unit == "ns" &&
          values.integer(row) > std::int64_t{1'000'000'000} * 1'000'000'000)
        return moments.text(Nanoseconds(values.integer(row)), 3);
      return display_integer(values.integer(row), column.kind == Kind::key ? "" : column.unit);
  }
  return "";
}

std::string machine_text(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                         Zone zone) {
  if (values.is_null(row) || !column.type) return "";
  switch (*column.type) {
    case Type::text:
      return printable(values.text(row));
    case Type::timestamp:
      return format_time(Nanoseconds(values.integer(row)), zone, 9);
    case Type::real:
      return plain_number(values.real(row));
    case Type::unsigned_integer:
      return fmt::format("{}", values.word(row));
    case Type::integer:
      return fmt::format("{}", values.integer(row));
  }
  return "";
}

}  // namespace tacho
