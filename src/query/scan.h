// SPDX-License-Identifier: Apache-2.0
// For query/recording.cc alone: the rows of a table through all of its files.
#pragma once

#include <memory>
#include <optional>

#include "query/predicate.h"
#include "query/recording.h"
#include "query/rows.h"
#include "store/source.h"

namespace tacho {

struct Scan {
  std::shared_ptr<const TableSource> table;
  Schema columns;  // what comes out, in this order
  Schema all;      // what the table has
  Range range;
  std::optional<Predicate> predicate;  // bound to `all`
  std::shared_ptr<FindingLog> log;
};
Stream scan_rows(Scan scan);

// False when all rows of a stretch lie outside of the range.
bool may_overlap(const Range& range, const RangeOf& range_of);

}  // namespace tacho
