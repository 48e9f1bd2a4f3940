// SPDX-License-Identifier: Apache-2.0
// The rows of a table one by one, beside those of others.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "query/recording.h"
#include "query/rows.h"

namespace tacho {

class TableCursor {
 public:
  TableCursor() = default;  // at its end
  // `columns` begin with tick, time and process; those that an older recording has not are null. At its
  // end at once when the recording has no such table. advance() goes to the first row.
  static Result<TableCursor> open(const Recording& recording, std::string_view table,
                                  const std::vector<std::string>& columns, const Range& range);
  Result<void> advance();
  bool is_at_end() const { return batch_ == nullptr; }
  bool is_at(std::uint64_t tick) const { return batch_ != nullptr && this->tick() <= tick; }

  // Of the present row.
  std::uint64_t tick() const { return views_[0].word(row_); }
  std::int64_t time() const { return views_[1].integer(row_); }
  std::uint64_t process() const { return views_[2].word(row_); }
  std::optional<std::int64_t> integer(int column) const {
    return views_[static_cast<std::size_t>(column)].find_integer(row_);
  }
  std::string_view text(int column) const {
    return views_[static_cast<std::size_t>(column)].text(row_);
  }

 private:
  Stream rows_;
  std::vector<std::string> columns_;
  Batch batch_;
  std::int64_t row_ = -1;
  std::vector<ColumnView> views_;
};

// From this tick on.
inline Range from_tick(std::uint64_t tick) {
  return {.axis = Range::Axis::tick, .from = static_cast<std::int64_t>(tick), .to = {}};
}

// The first tick that was taken in the range; nothing when none was.
Result<std::optional<std::uint64_t>> first_tick_in(const Recording& recording, const Range& range);

}  // namespace tacho
