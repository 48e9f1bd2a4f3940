// SPDX-License-Identifier: Apache-2.0
// An Arrow IPC stream, for pyarrow, Polars and DuckDB.
#include <arrow/ipc/writer.h>
#include <arrow/record_batch.h>

#include "views/export/arrow_sink.h"
#include "views/export/row_writer.h"

namespace tacho {
namespace {

class ArrowWriter final : public RowWriter {
 public:
  explicit ArrowWriter(Output& output) : output_(output), sink_(output) {}

  Result<void> begin(const Schema& schema) override {
    auto writer = arrow::ipc::MakeStreamWriter(&sink_, schema);
    TRY(from_status(writer.status(), "the Arrow stream"));
    writer_ = *writer;
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    const arrow::Status status = writer_->WriteRecordBatch(batch);
    if (!sink_.is_wanted()) return false;
    TRY(from_status(status, "the Arrow stream"));
    return true;
  }

  Result<void> end() override {
    TRY(from_status(writer_->Close(), "the Arrow stream"));
    return output_.flush();
  }

 private:
  Output& output_;
  OutputSink sink_;
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
};

}  // namespace

std::unique_ptr<RowWriter> make_arrow_writer(Output& output) {
  return std::make_unique<ArrowWriter>(output);
}

}  // namespace tacho
