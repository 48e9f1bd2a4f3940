// SPDX-License-Identifier: Apache-2.0
#include "views/values.h"

#include <fmt/format.h>

#include <cmath>

namespace tacho {
namespace {

// A rate in units that people read; the unit's "/s" stays.
std::string display_real(double value, std::string_view unit) {
  if (!std::isfinite(value)) return plain_number(value);
  if (unit == "By" || unit == "By/s")
    return format_size(static_cast<std::int64_t>(value)) + (unit == "By/s" ? "/s" : "");
  if (unit == "ns") return format_duration(Nanoseconds(static_cast<std::int64_t>(value)));
  if (value == std::floor(value) && std::fabs(value) < 1e15)
    return fmt::format("{}", static_cast<std::int64_t>(value));
  return fmt::format("{:.{}f}", value, std::fabs(value) >= 100 ? 1 : 2);
}

std::string display_integer(std::int64_t value, std::string_view unit) {
  if (unit == "By") return value < 0 ? "-" + format_size(-value) : format_size(value);
  if (unit == "ns") return format_duration(Nanoseconds(value));
  return fmt::format("{}", value);
}

}  // namespace

std::string plain_number(double value) { return fmt::format("{}", value); }

bool is_number(const ColumnInfo& column) {
  return column.type && *column.type != Type::text && *column.type != Type::timestamp;
}

std::string display(const ColumnInfo& column, const ColumnView& values, std::int64_t row, Zone zone) {
  if (values.is_null(row) || !column.type) return "";
  switch (*column.type) {
    case Type::text:
      return std::string(values.text(row));
    case Type::timestamp:
      return format_time(Nanoseconds(values.integer(row)), zone);
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
        return format_time(Nanoseconds(values.integer(row)), zone);
      return display_integer(values.integer(row), column.kind == Kind::key ? "" : column.unit);
  }
  return "";
}

std::string machine_text(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                         Zone zone) {
  if (values.is_null(row) || !column.type) return "";
  switch (*column.type) {
    case Type::text:
      return std::string(values.text(row));
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
