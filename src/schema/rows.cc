// SPDX-License-Identifier: Apache-2.0
#include "schema/rows.h"

namespace tacho {

Rows::Rows(const Table& table) : table_(&table) {
  for (const Column& column : kStamp) data_.push_back({.type = column.type});
  for (const Column& column : table.columns) data_.push_back({.type = column.type});
}

void Rows::begin(const Stamp& stamp) {
  stamp_ = stamp;
  size_ = 0;
  for (ColumnData& data : data_) {
    data.words.clear();
    data.ends.clear();
    data.bytes.clear();
    data.present.clear();
  }
}

void Rows::start_row() {
  for (ColumnData& data : data_) {
    if (size_ % 64 == 0) data.present.push_back(0);
    if (data.type == Type::text) {
      data.ends.push_back(static_cast<std::int32_t>(data.bytes.size()));
    } else {
      data.words.push_back(0);
    }
  }
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
