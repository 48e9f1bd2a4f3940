// SPDX-License-Identifier: Apache-2.0
// Chunks of a foreign file as rows of one table.
#pragma once

#include <string>
#include <vector>

#include "foreign/plan.h"
#include "foreign/raw.h"
#include "store/batch.h"

namespace tacho {

// How rows get their stamps.
struct StampRule {
  std::int64_t base = 0;       // ns since 1970: where boottime is 0
  std::int64_t tick_span = 0;  // ns of a tick, counted from `base`; 0: as the chunk has them
};

// tick, time, boottime, the plan's keys and columns, with their metadata.
Schema schema_of(const TablePlan& plan);

class TableRows {
 public:
  // `columns`: those that come out, by name; empty: all. The stamp always does.
  TableRows(const TablePlan& plan, const std::vector<std::string>& columns, StampRule stamp);
  const Schema& schema() const { return schema_; }
  // The file's columns that a chunk must have, in this order.
  const std::vector<std::size_t>& needed() const { return needed_; }
  // The chunk's rows; may be empty. A row of an entity of which nothing is known is left out.
  Result<Batch> convert(const RawChunk& chunk) const;

 private:
  struct Place {
    std::size_t row = 0;     // of the chunk
    std::size_t entity = 0;  // of plan.rows
  };
  std::vector<Place> places_of(const RawChunk& chunk) const;

  const TablePlan& plan_;
  StampRule stamp_;
  Schema schema_;
  std::vector<std::size_t> keys_, columns_;  // of the plan, that come out
  std::vector<std::size_t> needed_;
  std::vector<std::vector<std::size_t>>
      slots_;  // per entity and column of the plan: its place in a chunk
};

}  // namespace tacho
