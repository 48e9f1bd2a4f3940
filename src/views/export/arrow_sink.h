// SPDX-License-Identifier: Apache-2.0
// For the writers of Arrow's formats alone: an Arrow stream that ends in an Output.
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/status.h>

#include "base/error.h"
#include "views/output.h"

namespace tacho {

class OutputSink final : public arrow::io::OutputStream {
 public:
  explicit OutputSink(Output& output) : output_(output) {}
  arrow::Status Write(const void* data, int64_t size) override {
    written_ += size;
    wanted_ = output_.write({static_cast<const char*>(data), static_cast<std::size_t>(size)});
    return wanted_ ? arrow::Status::OK() : arrow::Status::Cancelled("nobody reads the output");
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  arrow::Result<int64_t> Tell() const override { return written_; }
  bool closed() const override { return closed_; }
  bool is_wanted() const { return wanted_; }

 private:
  Output& output_;
  int64_t written_ = 0;
  bool wanted_ = true;
  bool closed_ = false;
};

inline Result<void> from_status(const arrow::Status& status, const char* what) {
  if (status.ok()) return {};
  return Error{ErrorCode::io, std::string("cannot write ") + what + ": " + status.message()};
}

}  // namespace tacho
