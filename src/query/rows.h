// SPDX-License-Identifier: Apache-2.0
// Rows on their way to a view: a stream of record batches, and columns that are read by row without
// knowing Arrow. Streams are pulled; each holds the one it reads from. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "schema/table.h"
#include "store/batch.h"

namespace tacho {

class RowStream {
 public:
  virtual ~RowStream() = default;
  // The columns of every batch, with their metadata.
  virtual const Schema& schema() const = 0;
  // The next batch (never an empty one), or null at the end.
  virtual Result<Batch> next() = 0;
};
using Stream = std::unique_ptr<RowStream>;

// What a schema says of a column. `type` is empty for one that tacho does not write itself.
struct ColumnInfo {
  std::string name;
  std::optional<Type> type;
  Kind kind = Kind::gauge;
  std::string unit;  // UCUM: "By", "ns", "1", "By/s"; empty: none
  std::string help;
  std::string otel;
  bool is_stamp() const { return name == "tick" || name == "time" || name == "boottime"; }
};
std::vector<ColumnInfo> columns_of(const arrow::Schema& schema);

// One column of a batch. Valid as long as the batch lives. Reading a null gives 0 or "".
class ColumnView {
 public:
  ColumnView() = default;  // every row null
  explicit ColumnView(const arrow::Array& array);
  // A column by name; every row is null when the batch has none such.
  ColumnView(const arrow::RecordBatch& batch, std::string_view name);

  std::optional<Type> type() const { return type_; }
  bool is_null(std::int64_t row) const {
    if (valid_ == nullptr) return all_null_;
    const std::int64_t bit = row + offset_;
    return (valid_[bit / 8] >> (bit % 8) & 1) == 0;
  }
  // The 64 bits of a number or a timestamp.
  std::uint64_t word(std::int64_t row) const {
    return words_ == nullptr || is_null(row) ? 0 : words_[row + offset_];
  }
  // A number as int64 (a real is cut to it; an unsigned one above 2^63 wraps).
  std::int64_t integer(std::int64_t row) const;
  double real(std::int64_t row) const;
  std::string_view text(std::int64_t row) const {
    if (ends_ == nullptr || is_null(row)) return {};
    const std::int32_t* at = ends_ + row + offset_;
    return {bytes_ + at[0], static_cast<std::size_t>(at[1] - at[0])};
  }
  std::optional<std::int64_t> find_integer(std::int64_t row) const {
    return is_null(row) ? std::nullopt : std::optional<std::int64_t>(integer(row));
  }
  std::optional<double> find_real(std::int64_t row) const {
    return is_null(row) ? std::nullopt : std::optional<double>(real(row));
  }

 private:
  std::optional<Type> type_;
  bool all_null_ = true;
  std::int64_t offset_ = 0;
  const std::uint8_t* valid_ = nullptr;
  const std::uint64_t* words_ = nullptr;
  const std::int32_t* ends_ = nullptr;
  const char* bytes_ = nullptr;
};

std::int64_t row_count(const arrow::RecordBatch& batch);

// The stream with these columns alone, in this order; an unknown one is `invalid` and lists those
// that there are. An empty list: the stream as it is.
Result<Stream> select_columns(Stream rows, const std::vector<std::string>& columns);
// The last `count` rows of a stream (it is read to its end; holds about `count` rows).
Result<Stream> last_rows(Stream rows, std::int64_t count);
// All rows by boottime, those of one boottime as they came (the stream is read to its end and held
// whole). Needs the column `boottime`.
Result<Stream> in_order_of_boottime(Stream rows);

}  // namespace tacho
