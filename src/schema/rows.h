// SPDX-License-Identifier: Apache-2.0
// The rows that a collector makes in one tick: columns of plain memory, cleared and filled again
// at every tick. After the first ticks nothing is allocated.
#pragma once

#include <bit>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schema/table.h"

namespace tacho {

// The clocks of a row. `tick` numbers samples from 0.
struct Stamp {
  std::uint64_t tick = 0;
  std::int64_t time = 0;      // ns since 1970 UTC
  std::int64_t boottime = 0;  // ns since boot
};

constexpr std::size_t words_of_bits(std::size_t bits) { return (bits + 63) / 64; }

// One column of the rows: fixed-width values as 64-bit words, or text as offsets into bytes. There may be
// room for more rows than there are: without values, their words 0.
struct ColumnData {
  Type type = Type::integer;
  std::vector<std::uint64_t> words;
  std::vector<std::int32_t> ends;      // text: where each row's bytes end
  std::string bytes;                   // text
  std::vector<std::uint64_t> present;  // one bit a row, lowest first
  // Of so many rows, which are all there are.
  std::size_t null_count(std::size_t rows) const {
    std::size_t values = 0;
    for (std::size_t at = 0; at < words_of_bits(rows); ++at)
      values += static_cast<std::size_t>(std::popcount(present[at]));
    return rows - values;
  }
};

class Rows {
 public:
  explicit Rows(const Table& table);

  const Table& table() const { return *table_; }
  // Forgets all rows; those that follow bear `stamp`.
  void begin(const Stamp& stamp);
  void restamp(const Stamp& stamp) { stamp_ = stamp; }
  const Stamp& stamp() const { return stamp_; }
  std::size_t size() const { return size_; }

  // A whole row: as many values as the table has columns, in their order. Integers, doubles,
  // texts, std::optional of these, or std::nullopt.
  template <class... Values>
  void append(const Values&... values) {
    assert(sizeof...(values) == table_->columns.size());
    start_row();
    std::size_t column = 0;
    (set(column++, values), ...);
    finish_row();
  }

  // A row of many columns, set by index (0 is the table's first own column); those not set are null.
  void start_row();
  template <std::integral Integer>
  void set(std::size_t column, Integer value) {
    assert(data_[kStampColumns + column].type == Type::integer ||
           data_[kStampColumns + column].type == Type::unsigned_integer ||
           data_[kStampColumns + column].type == Type::timestamp);
    put(column, static_cast<std::uint64_t>(value));
  }
  void set(std::size_t column, double value) {
    assert(data_[kStampColumns + column].type == Type::real);
    put(column, std::bit_cast<std::uint64_t>(value));
  }
  void set(std::size_t column, std::string_view value);  // must be UTF-8: see base/text.h
  void set(std::size_t column, const char* value) { set(column, std::string_view(value)); }
  void set(std::size_t column, const std::string& value) { set(column, std::string_view(value)); }
  void set(std::size_t, std::nullopt_t) {}
  template <class Value>
  void set(std::size_t column, const std::optional<Value>& value) {
    if (value) set(column, *value);
  }
  void finish_row() { ++size_; }

  // All columns, those of kStamp first.
  const std::vector<ColumnData>& columns() const { return data_; }

 private:
  void put(std::size_t column, std::uint64_t word) {
    ColumnData& data = data_[kStampColumns + column];
    data.words[size_] = word;
    mark_present(data);
  }
  void mark_present(ColumnData& data) const {
    data.present[size_ / 64] |= std::uint64_t{1} << (size_ % 64);
  }

  void grow();

  const Table* table_;
  Stamp stamp_;
  std::size_t size_ = 0, begun_ = 0, room_ = 0;  // rows; the last one begun may not be finished
  std::vector<std::size_t> texts_;  // which columns have text
  std::vector<ColumnData> data_;
};

}  // namespace tacho
