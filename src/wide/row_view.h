// SPDX-License-Identifier: Apache-2.0
// For the row builder alone: values of Rows by name, row by row.
#pragma once

#include <bit>
#include <cstdint>
#include <optional>
#include <string_view>

#include "schema/rows.h"

namespace tacho {

// -1 for a column that the table has not.
inline int index_of(const Table& table, std::string_view name) {
  for (std::size_t index = 0; index < table.columns.size(); ++index)
    if (table.columns[index].name == name) return static_cast<int>(kStampColumns + index);
  return -1;
}

class RowView {
 public:
  explicit RowView(const Rows& rows) : rows_(rows) {}
  void move_to(std::size_t row) { row_ = row; }

  bool is_null(int column) const {
    if (column < 0) return true;
    return (data(column).present[row_ / 64] >> (row_ % 64) & 1) == 0;
  }
  // A recording may hold anything: a column of another type than expected is as one that is not
  // there.
  std::uint64_t word(int column) const {
    return is_null(column) || is_text(column) ? 0 : data(column).words[row_];
  }
  std::optional<std::int64_t> integer(int column) const {
    if (is_null(column) || is_text(column)) return std::nullopt;
    if (data(column).type == Type::real) {
      const double value = real(column).value_or(0);
      constexpr double kLimit = 9e18;  // beyond it there is no such integer
      if (!(value > -kLimit && value < kLimit)) return std::nullopt;
      return static_cast<std::int64_t>(value);
    }
    return static_cast<std::int64_t>(word(column));
  }
  std::optional<double> real(int column) const {
    if (is_null(column) || is_text(column)) return std::nullopt;
    if (data(column).type == Type::real) return std::bit_cast<double>(word(column));
    return static_cast<double>(static_cast<std::int64_t>(word(column)));
  }
  std::string_view text(int column) const {
    if (is_null(column) || !is_text(column)) return {};
    const ColumnData& values = data(column);
    const auto begin = row_ == 0 ? 0 : static_cast<std::size_t>(values.ends[row_ - 1]);
    return std::string_view(values.bytes)
        .substr(begin, static_cast<std::size_t>(values.ends[row_]) - begin);
  }
  bool is_text(int column) const { return column >= 0 && data(column).type == Type::text; }

 private:
  const ColumnData& data(int column) const {
    return rows_.columns()[static_cast<std::size_t>(column)];
  }

  const Rows& rows_;
  std::size_t row_ = 0;
};

}  // namespace tacho
