// SPDX-License-Identifier: Apache-2.0
#include "store/slice_file.h"

#include <arrow/buffer.h>
#include <string.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "store/arrow_glue.h"

namespace tacho {

arrow::Status SliceFile::Close() {
  is_closed_ = true;
  return arrow::Status::OK();
}

arrow::Status SliceFile::Seek(std::int64_t position) {
  if (position < 0) return arrow::Status::Invalid("a place before the file");
  at_ = position;
  return arrow::Status::OK();
}

arrow::Result<std::int64_t> SliceFile::ReadAt(std::int64_t position, std::int64_t size, void* out) {
  if (position < 0 || size < 0) return arrow::Status::Invalid("a place before the file");
  const auto end = static_cast<std::int64_t>(slice_.size);
  const std::int64_t wanted = std::min(size, end - std::min(position, end));
  std::int64_t done = 0;
  while (done < wanted) {
    const ssize_t got =
        pread(slice_.file->get(), static_cast<char*>(out) + done, static_cast<std::size_t>(wanted - done),
              static_cast<off_t>(slice_.offset) + position + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return arrow::Status::IOError(strerror(errno));
    if (got == 0) break;
    done += got;
  }
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SliceFile::ReadAt(std::int64_t position,
                                                                std::int64_t size) {
  // Not more than there is: a size in a damaged file may say anything.
  const auto end = static_cast<std::int64_t>(slice_.size);
  const std::int64_t wanted =
      std::clamp<std::int64_t>(size, 0, end - std::clamp<std::int64_t>(position, 0, end));
  ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(wanted, reading_pool()));
  ARROW_ASSIGN_OR_RAISE(const std::int64_t done, ReadAt(position, wanted, buffer->mutable_data()));
  if (done < wanted) ARROW_RETURN_NOT_OK(buffer->Resize(done));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

arrow::Result<std::int64_t> SliceFile::Read(std::int64_t size, void* out) {
  ARROW_ASSIGN_OR_RAISE(const std::int64_t done, ReadAt(at_, size, out));
  at_ += done;
  return done;
}

arrow::Result<std::shared_ptr<arrow::Buffer>> SliceFile::Read(std::int64_t size) {
  ARROW_ASSIGN_OR_RAISE(auto buffer, ReadAt(at_, size));
  at_ += buffer->size();
  return buffer;
}

}  // namespace tacho
