// SPDX-License-Identifier: Apache-2.0
#include "views/table_cursor.h"

#include <arrow/type.h>

namespace tacho {

Result<TableCursor> TableCursor::open(const Recording& recording, std::string_view table,
                                      const std::vector<std::string>& columns, const Range& range) {
  TableCursor self;
  if (!recording.has_table(table)) return self;
  const Schema schema = TRY(recording.schema(table));
  ScanOptions options{.range = range};
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

Result<std::optional<std::uint64_t>> first_tick_in(const Recording& recording, const Range& range) {
  // `system` has every tick; a recording that somebody else made may not have it.
  for (const std::string_view table : {"system", "process_exit", "process"}) {
    if (!recording.has_table(table)) continue;
    Stream ticks = TRY(recording.scan(table, {.range = range, .columns = {"tick"}}));
    const Batch batch = TRY(ticks->next());
    if (batch) return std::optional(ColumnView(*batch, "tick").word(0));
  }
  return std::optional<std::uint64_t>();
}

}  // namespace tacho
