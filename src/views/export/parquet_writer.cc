// SPDX-License-Identifier: Apache-2.0
// A Parquet file: zstd, field metadata kept, as the parts of a recording are.
#include <arrow/record_batch.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include "views/export/arrow_sink.h"
#include "views/export/row_writer.h"

namespace tacho {
namespace {

class ParquetWriter final : public RowWriter {
 public:
  explicit ParquetWriter(Output& output)
      : output_(output), sink_(std::make_shared<OutputSink>(output)) {}

  Result<void> begin(const Schema& schema) override {
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::ZSTD)
                                ->enable_page_checksum()
                                ->build();
    const auto arrow_properties =
        parquet::ArrowWriterProperties::Builder().store_schema()->build();
    auto writer = parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), sink_,
                                                   properties, arrow_properties);
    TRY(from_status(writer.status(), "the Parquet file"));
    writer_ = std::move(*writer);
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    const arrow::Status status = writer_->WriteRecordBatch(batch);
    if (!sink_->is_wanted()) return false;
    TRY(from_status(status, "the Parquet file"));
    return true;
  }

  Result<void> end() override {
    TRY(from_status(writer_->Close(), "the Parquet file"));
    return output_.flush();
  }

 private:
  Output& output_;
  std::shared_ptr<OutputSink> sink_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

}  // namespace

std::unique_ptr<RowWriter> make_parquet_writer(Output& output) {
  return std::make_unique<ParquetWriter>(output);
}

}  // namespace tacho
