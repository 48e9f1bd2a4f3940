// SPDX-License-Identifier: Apache-2.0
// For tests alone: what a view writes, and batches to write.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "query/rows.h"
#include "query/testing.h"
#include "views/output.h"

namespace tacho::testing {

// All that `write` wrote to a file.
inline std::string written_by(const std::function<void(Output&)>& write,
                              ColorMode color = ColorMode::never) {
  TemporaryFolder folder;
  const std::string path = folder / "output";
  auto output = Output::open(path, color, false);
  if (!output) return "cannot open: " + output.error().text;
  write(*output);
  const auto finished = output->finish();
  return finished ? bytes_of(path) : finished.error().text;
}

// A table of rows, column by column.
class BatchMaker {
 public:
  BatchMaker& numbers(const std::string& name, const std::string& unit, const std::string& kind,
                      const std::vector<std::optional<std::int64_t>>& values) {
    arrow::Int64Builder builder;
    for (const auto& value : values)
      EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
    return add(name, unit, kind, builder);
  }
  BatchMaker& times(const std::string& name, const std::vector<std::int64_t>& values) {
    arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::NANO, "UTC"),
                                    arrow::default_memory_pool());
    for (const std::int64_t value : values) EXPECT_TRUE(builder.Append(value).ok());
    return add(name, "ns", "key", builder);
  }
  BatchMaker& reals(const std::string& name, const std::string& unit,
                    const std::vector<std::optional<double>>& values) {
    arrow::DoubleBuilder builder;
    for (const auto& value : values)
      EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
    return add(name, unit, "gauge", builder);
  }
  BatchMaker& texts(const std::string& name,
                    const std::vector<std::optional<std::string>>& values) {
    arrow::StringBuilder builder;
    for (const auto& value : values)
      EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
    return add(name, "", "text", builder);
  }
  Batch make() const {
    return arrow::RecordBatch::Make(arrow::schema(fields_), columns_.front()->length(), columns_);
  }

 private:
  BatchMaker& add(const std::string& name, const std::string& unit, const std::string& kind,
                  arrow::ArrayBuilder& builder) {
    std::shared_ptr<arrow::Array> array;
    EXPECT_TRUE(builder.Finish(&array).ok());
    fields_.push_back(arrow::field(name, array->type(), true,
                                   arrow::key_value_metadata({{"unit", unit}, {"kind", kind}})));
    columns_.push_back(array);
    return *this;
  }
  std::vector<std::shared_ptr<arrow::Field>> fields_;
  std::vector<std::shared_ptr<arrow::Array>> columns_;
};

// Batches as a stream.
class HeldRows final : public RowStream {
 public:
  explicit HeldRows(std::vector<Batch> batches)
      : schema_(batches.front()->schema()), batches_(std::move(batches)) {}
  const Schema& schema() const override { return schema_; }
  Result<Batch> next() override {
    return next_ < batches_.size() ? batches_[next_++] : Batch();
  }

 private:
  Schema schema_;
  std::vector<Batch> batches_;
  std::size_t next_ = 0;
};

}  // namespace tacho::testing
