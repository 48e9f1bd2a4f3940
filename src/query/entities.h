// SPDX-License-Identifier: Apache-2.0
// For query/*.cc, and for views that make rows of their own: which rows are about the same entity, and building columns.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "query/rows.h"
#include "store/arrow_glue.h"

namespace tacho {

// The values of the key columns of a row as one text that is equal for equal keys.
class EntityKeys {
 public:
  EntityKeys(const arrow::RecordBatch& batch, const std::vector<std::string>& names);
  // Valid until the next call.
  std::string_view of(std::int64_t row);

 private:
  std::vector<ColumnView> columns_;
  std::string key_;
};

// Looks keys up without making a string of them.
struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
};
template <class State>
using EntityMap = std::unordered_map<std::string, State, KeyHash, std::equal_to<>>;

// One column that is being built.
class ColumnBuilder {
 public:
  explicit ColumnBuilder(std::shared_ptr<arrow::DataType> type);
  ColumnBuilder(ColumnBuilder&&) noexcept;
  ~ColumnBuilder();
  void append_null();
  void append_word(std::uint64_t word);  // a number of any type, as its 64 bits
  void append_real(double value);        // of a float64 column
  void append_text(std::string_view text);
  // The value of a row of a column of the same type.
  void append(const ColumnView& column, std::int64_t row);
  std::int64_t size() const { return static_cast<std::int64_t>(rows_); }
  bool is_text() const { return is_text_; }
  Result<std::shared_ptr<arrow::Array>> finish();

 private:
  void mark(bool is_present);

  std::shared_ptr<arrow::DataType> type_;
  bool is_text_ = false;
  std::size_t rows_ = 0, nulls_ = 0;
  std::vector<std::uint64_t> words_;
  std::vector<std::int32_t> ends_;
  std::string bytes_;
  std::vector<std::uint8_t> present_;
};

// The columns of a schema, to be filled side by side.
class BatchBuilder {
 public:
  explicit BatchBuilder(Schema schema);
  ColumnBuilder& column(std::size_t index) { return columns_[index]; }
  std::int64_t rows() const { return columns_.empty() ? 0 : columns_.front().size(); }
  // What was filled, as a batch; the builder is empty again.
  Result<Batch> finish();

 private:
  Schema schema_;
  std::vector<ColumnBuilder> columns_;
};

// A field like `field` with another name and type; the metadata's kind and unit replaced.
std::shared_ptr<arrow::Field> derived_field(const arrow::Field& field, const std::string& name,
                                            std::shared_ptr<arrow::DataType> type, Kind kind,
                                            std::string_view unit);
// "By/s" of "By"; "1" of "ns".
std::string unit_of_rate(std::string_view unit);

}  // namespace tacho
