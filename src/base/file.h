// SPDX-License-Identifier: Apache-2.0
// Descriptors and files. Files that we make are 0600 in folders 0700 and follow no planted link.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"

namespace tacho {

// Owns a descriptor.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  FileDescriptor(FileDescriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~FileDescriptor() { reset(); }
  int get() const { return descriptor_; }
  explicit operator bool() const { return descriptor_ >= 0; }
  int release() { return std::exchange(descriptor_, -1); }
  void reset();

 private:
  int descriptor_ = -1;
};

// The whole file as text, at most `limit` bytes (a longer one is an error). For files read once;
// what is read at every tick goes through kernel/root.h.
Result<std::string> read_file(const std::string& path, std::size_t limit = std::size_t{64} << 20);
Result<std::string> read_file_at(int folder, const std::string& name,
                                 std::size_t limit = std::size_t{64} << 20);
// What is left of an open one; `name` is for the error.
Result<std::string> read_descriptor(int descriptor, const std::string& name, std::size_t limit);

// Writes all of `bytes`, going on after short writes and EINTR.
Result<void> write_all(int descriptor, std::string_view bytes);

// Replaces `name` in `folder` by `bytes` so that a reader sees the old or the new file, never a
// part: a temporary file (0600) in the same folder, synced, renamed, folder synced. Without the two
// syncs, which may wait for a busy disk, a power cut can take the file back.
enum class Sync : std::uint8_t { yes, no };
Result<void> replace_file_at(int folder, const std::string& name, std::string_view bytes,
                             Sync sync = Sync::yes);

// Opens or makes (0700) the folder `name` below `parent` (AT_FDCWD for a path); no link is
// followed at its last step, and it must belong to us.
Result<FileDescriptor> open_or_make_folder(int parent, const std::string& name);
// The same with every missing folder above it.
Result<FileDescriptor> open_or_make_path(const std::string& path);

// Names in a folder, without "." and "..", sorted.
Result<std::vector<std::string>> list_folder(int folder);

}  // namespace tacho
