// SPDX-License-Identifier: Apache-2.0
// A new file that takes the place of an old one all at once: who reads sees the old or the new one,
// never a part.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

class Replacement {
 public:
  // Begins `.NAME.new` beside `path`, empty. Mode and owner are those of the file that it will
  // replace, where there is one; else only we may read it.
  static Result<Replacement> create(const std::string& path);
  Replacement(Replacement&&) noexcept = default;
  ~Replacement();

  Result<void> write(std::string_view bytes);
  // The same bytes of another file, without reading them where the file system can share them.
  Result<void> copy(int from, std::uint64_t offset, std::uint64_t size);
  std::uint64_t size() const { return size_; }
  // Synced, and in its place. The descriptor reads it, whatever happens to its name.
  Result<FileDescriptor> commit();

 private:
  Replacement() = default;
  Result<void> flush();

  std::string path_, name_, temporary_;
  FileDescriptor folder_, file_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  bool is_committed_ = false;
};

}  // namespace tacho
