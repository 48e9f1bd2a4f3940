// SPDX-License-Identifier: Apache-2.0
#include "foreign/batch_pipe.h"

#include <arrow/io/interfaces.h>
#include <arrow/ipc/reader.h>
#include <arrow/ipc/writer.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "store/arrow_glue.h"

namespace tacho {
namespace {

class PipeOutput final : public arrow::io::OutputStream {
 public:
  explicit PipeOutput(int descriptor) : descriptor_(descriptor) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<std::int64_t> Tell() const override { return place_; }
  arrow::Status Write(const void* bytes, std::int64_t size) override {
    place_ += size;
    const auto written =
        write_all(descriptor_, {static_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    return written ? arrow::Status::OK() : arrow::Status::IOError(written.error().text);
  }

 private:
  int descriptor_;
  std::int64_t place_ = 0;
};

// A batch of 8192 rows and some tens of columns; more is read in steps that double.
constexpr std::int64_t kFirstStep = std::int64_t{4} << 20;

class PipeInput final : public arrow::io::InputStream {
 public:
  explicit PipeInput(int descriptor) : descriptor_(descriptor) {}
  arrow::Status Close() override { return arrow::Status::OK(); }
  bool closed() const override { return false; }
  arrow::Result<std::int64_t> Tell() const override { return place_; }
  arrow::Result<std::int64_t> Read(std::int64_t size, void* to) override {
    std::int64_t read = 0;
    while (read < size) {
      const ssize_t got =
          ::read(descriptor_, static_cast<char*>(to) + read, static_cast<std::size_t>(size - read));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return arrow::Status::IOError("a pipe cannot be read");
      if (got == 0) break;
      read += got;
    }
    place_ += read;
    return read;
  }
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override {
    // As much as comes, whatever was announced.
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(0, reading_pool()));
    std::int64_t read = 0;
    for (std::int64_t step = kFirstStep; read < size; step *= 2) {
      const std::int64_t wanted = std::min(step, size - read);
      ARROW_RETURN_NOT_OK(buffer->Resize(read + wanted, false));
      ARROW_ASSIGN_OR_RAISE(const std::int64_t got, Read(wanted, buffer->mutable_data() + read));
      read += got;
      if (got < wanted) break;
    }
    ARROW_RETURN_NOT_OK(buffer->Resize(read, false));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

 private:
  int descriptor_;
  std::int64_t place_ = 0;
};

arrow::ipc::IpcWriteOptions write_options() {
  arrow::ipc::IpcWriteOptions options = arrow::ipc::IpcWriteOptions::Defaults();
  options.use_threads = false;
  options.memory_pool = reading_pool();
  return options;
}

}  // namespace

Result<void> write_batches(int descriptor, const Schema& schema,
                           const std::function<Result<void>(const Send&)>& make) {
  PipeOutput pipe(descriptor);
  auto writer = TRY(checked(arrow::ipc::MakeStreamWriter(&pipe, schema, write_options()), "rows"));
  TRY(make([&](const Batch& batch) -> Result<bool> {
    if (batch->num_rows() > 0) TRY(checked(writer->WriteRecordBatch(*batch), "rows"));
    return true;
  }));
  return checked(writer->Close(), "rows");
}

struct BatchPipe::State {
  PipeInput input;
  Schema schema;
  std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader;
};

BatchPipe::BatchPipe(int descriptor, Schema schema)
    : state_(new State{PipeInput(descriptor), std::move(schema), nullptr}) {}
BatchPipe::~BatchPipe() = default;

Result<Batch> BatchPipe::next() {
  if (!state_->reader) {
    arrow::ipc::IpcReadOptions options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = reading_pool();
    options.use_threads = false;
    state_->reader =
        TRY(checked(arrow::ipc::RecordBatchStreamReader::Open(&state_->input, options), "rows"));
    if (!state_->reader->schema()->Equals(*state_->schema, false))
      return Error{ErrorCode::corrupt,
                   "the process that reads it gave other columns than were asked for"};
  }
  std::shared_ptr<arrow::RecordBatch> batch;
  TRY(checked(state_->reader->ReadNext(&batch), "rows"));
  if (!batch) return Batch();
  TRY(checked(batch->ValidateFull(), "rows"));
  return Batch(batch->ReplaceSchemaMetadata(state_->schema->metadata()));
}

}  // namespace tacho
