// SPDX-License-Identifier: Apache-2.0
#include "views/ps/table_cursor.h"

#include <arrow/type.h>

#include <algorithm>
#include <cctype>

namespace tacho {

Result<TableCursor> TableCursor::open(const Recording& recording, std::string_view table,
                                      const std::vector<std::string>& columns,
                                      std::uint64_t from_tick) {
  TableCursor self;
  if (!recording.has_table(table)) return self;
  const Schema schema = TRY(recording.schema(table));
  ScanOptions options{.range = {.axis = Range::Axis::tick,
                                .from = static_cast<std::int64_t>(from_tick),
                                .to = {}}};
  for (const std::string& name : columns)
    if (schema->GetFieldByName(name)) options.columns.push_back(name);
  self.rows_ = TRY(recording.scan(table, options));
  self.columns_ = columns;
  return self;
}

Result<void> TableCursor::advance() {
  ++row_;
  if (batch_ && row_ < row_count(*batch_)) return {};
  batch_.reset();
  if (!rows_) return {};
  batch_ = TRY(rows_->next());
  if (!batch_) {
    rows_.reset();
    return {};
  }
  row_ = 0;
  views_.clear();
  for (const std::string& name : columns_) views_.emplace_back(*batch_, name);
  return {};
}

bool has_text(std::string_view text, std::string_view wanted) {
  const auto same = [](unsigned char a, unsigned char b) {
    return std::tolower(a) == std::tolower(b);
  };
  return std::ranges::search(text, wanted, same).begin() != text.end() || wanted.empty();
}

}  // namespace tacho
