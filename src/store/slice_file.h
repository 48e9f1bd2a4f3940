// SPDX-License-Identifier: Apache-2.0
// For the .cc files of store/ alone: a stretch of a file as Arrow reads files.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/result.h>

#include "store/zip.h"

namespace tacho {

// Reads are positioned, so that several readers share one descriptor. Memory comes from
// reading_pool().
class SliceFile final : public arrow::io::RandomAccessFile {
 public:
  explicit SliceFile(FileSlice slice) : slice_(std::move(slice)) {}

  arrow::Status Close() override;
  bool closed() const override { return is_closed_; }
  arrow::Result<std::int64_t> Tell() const override { return at_; }
  arrow::Status Seek(std::int64_t position) override;
  arrow::Result<std::int64_t> GetSize() override {
    return static_cast<std::int64_t>(slice_.size);
  }
  arrow::Result<std::int64_t> ReadAt(std::int64_t position, std::int64_t size, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> ReadAt(std::int64_t position,
                                                       std::int64_t size) override;
  arrow::Result<std::int64_t> Read(std::int64_t size, void* out) override;
  arrow::Result<std::shared_ptr<arrow::Buffer>> Read(std::int64_t size) override;

 private:
  FileSlice slice_;
  std::int64_t at_ = 0;
  bool is_closed_ = false;
};

}  // namespace tacho
