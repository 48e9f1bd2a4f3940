// SPDX-License-Identifier: Apache-2.0
// The language of --where:
//   memory_usage > 1GiB and (command = "cc1plus" or command ~ "ld") and not cgroup is null
// Comparisons of a column with a value: = != < <= > >= and ~ (contains; text only); `is null`, `is
// not null`; and, or, not, ( ). A value is a number (in the column's own unit: bytes, ns), a size
// ("1GiB", for columns in bytes), a duration ("10s", for columns in ns), or text in quotes ('...'
// or "...", where \" and \\ stand for themselves); a time column takes a time in quotes ("21:28").
// As in SQL, a comparison with null is never true, != included, nor is its `not`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "query/rows.h"

namespace tacho {

class Predicate {
 public:
  // `invalid` with the place and an example that is right. `now` is for times without a date.
  static Result<Predicate> parse(std::string_view text, Nanoseconds now);
  Predicate(const Predicate& other);
  Predicate(Predicate&&) noexcept;
  Predicate& operator=(Predicate&&) noexcept;
  ~Predicate();

  // Names that the text uses, each once.
  std::vector<std::string> columns() const;
  // Looks the columns up. `invalid` for an unknown one (lists those that there are) and for a value
  // that does not fit a column's type or unit. Must come before the two below.
  Result<void> bind(const arrow::Schema& schema);
  // One byte a row: 1 where the predicate is true. The batch has the columns of `bind`, by name.
  std::vector<std::uint8_t> evaluate(const arrow::RecordBatch& batch) const;
  // False when no row within these ranges can match.
  bool may_match(const RangeOf& range_of) const;

  struct Node;  // in the .cc files alone

 private:
  Predicate(std::unique_ptr<Node> root, Nanoseconds now);
  std::unique_ptr<Node> root_;
  Nanoseconds now_{};
};

// The rows of a stream for which the predicate (bound here to the stream's columns) is true.
Result<Stream> filter_rows(Stream rows, std::string_view where, Nanoseconds now);

}  // namespace tacho
