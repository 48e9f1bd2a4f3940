// SPDX-License-Identifier: Apache-2.0
// Names for Arrow's batches and schemas, without Arrow's headers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace arrow {
class Array;
class RecordBatch;
class Schema;
}  // namespace arrow

namespace tacho {

using Batch = std::shared_ptr<arrow::RecordBatch>;
using Schema = std::shared_ptr<arrow::Schema>;

// What is known of a column's values in a stretch of rows, nulls aside. Both ends are included.
struct ValueRange {
  std::optional<std::int64_t> low, high;  // integers and timestamps
  std::optional<double> low_real, high_real;
  std::optional<std::string> low_text, high_text;
};
// The range of a column, or nothing when it is not known.
using RangeOf = std::function<std::optional<ValueRange>(std::string_view column)>;

}  // namespace tacho
