// SPDX-License-Identifier: Apache-2.0
// Makes wide rows from the rows of tables, as they are collected or as they are read back: both
// give the same rows. One thread at a time.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "schema/rows.h"
#include "wide/mapping.h"
#include "wide/row.h"

namespace tacho {

class RowBuilder {
 public:
  explicit RowBuilder(std::span<const WideLine> lines = wide_lines());
  RowBuilder(RowBuilder&&) noexcept;
  ~RowBuilder();

  // The rows of one table, of the tick that is being built. Rows of a slower table may come late:
  // they stand in the row that is finished next. Other tables are passed over.
  void observe(const Rows& rows);
  // The row of the tick, and its end. False when nobody told of the tick: without a row of
  // `system` it was not taken. Rates of the first row are null, as are those of what is new in it.
  bool finish(WideRow& row);

  // Those of the last row, its cells in the same order. Only grows: what comes later (a CPU, a
  // container) stands at the end, and one that is gone is null.
  const std::vector<WideColumn>& columns() const;
  // A device of which there was no room for columns: more than any reader can show.
  bool is_full() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacho
