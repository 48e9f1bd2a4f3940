// SPDX-License-Identifier: Apache-2.0
#include "kernel/reread_buffer.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/file.h"

namespace tacho {
namespace {

// A page holds all but memory.stat and io.stat of large machines.
constexpr std::size_t kFirstSize = 4096;
// io.stat has a line of 100 bytes for each disk: thousands of disks fit.
constexpr std::size_t kLargestSize = std::size_t{1} << 20;

}  // namespace

Result<std::string_view> RereadBuffer::read(int descriptor) {
  if (bytes_.empty()) bytes_.resize(kFirstSize);
  while (true) {
    const ssize_t got = pread(descriptor, bytes_.data(), bytes_.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", "a kernel file");
    if (static_cast<std::size_t>(got) < bytes_.size())
      return std::string_view(bytes_.data(), static_cast<std::size_t>(got));
    if (bytes_.size() >= kLargestSize)
      return Error{ErrorCode::exhausted, "a kernel file is larger than 1 MiB"};
    bytes_.resize(bytes_.size() * 2);
  }
}

Result<std::string_view> RereadBuffer::read_at(int folder, const char* name) {
  // O_NONBLOCK: a FIFO planted where a file should be must not hold us.
  const FileDescriptor file(openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return last_system_error("open", name);
  return read(file.get());
}

}  // namespace tacho
