// SPDX-License-Identifier: Apache-2.0
#include "schema/rows.h"

#include <algorithm>

namespace tacho {

Rows::Rows(const Table& table) : table_(&table) {
  for (const Column& column : kStamp) data_.push_back({.type = column.type});
  for (const Column& column : table.columns) data_.push_back({.type = column.type});
  for (std::size_t column = 0; column < data_.size(); ++column)
    if (data_[column].type == Type::text) texts_.push_back(column);
}

void Rows::begin(const Stamp& stamp) {
  stamp_ = stamp;
  if (begun_ == 0) return;
  for (ColumnData& data : data_) {
    if (data.type != Type::text) std::fill_n(data.words.begin(), begun_, 0);
    data.bytes.clear();
    std::fill_n(data.present.begin(), words_of_bits(begun_), 0);
  }
  size_ = begun_ = 0;
}

void Rows::grow() {
  room_ = std::max<std::size_t>(1, 2 * room_);
  for (ColumnData& data : data_) {
    if (data.type == Type::text)
      data.ends.resize(room_);
    else
      data.words.resize(room_);
    data.present.resize(words_of_bits(room_));
  }
}

void Rows::start_row() {
  if (size_ == room_) grow();
  begun_ = size_ + 1;
  for (const std::size_t column : texts_)
    data_[column].ends[size_] = static_cast<std::int32_t>(data_[column].bytes.size());
  const std::uint64_t stamp[kStampColumns] = {stamp_.tick, static_cast<std::uint64_t>(stamp_.time),
                                              static_cast<std::uint64_t>(stamp_.boottime)};
  for (std::size_t column = 0; column < kStampColumns; ++column) {
    data_[column].words[size_] = stamp[column];
    mark_present(data_[column]);
  }
}

void Rows::set(std::size_t column, std::string_view value) {
  ColumnData& data = data_[kStampColumns + column];
  assert(data.type == Type::text);
  data.bytes.append(value);
  data.ends[size_] = static_cast<std::int32_t>(data.bytes.size());
  mark_present(data);
}

}  // namespace tacho
