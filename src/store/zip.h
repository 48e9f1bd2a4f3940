// SPDX-License-Identifier: Apache-2.0
// Zip files whose entries are stored, not compressed: what a packed recording is. Written so that the
// same content gives the same bytes; read as if somebody had made it to hurt.
// Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3 and 4.5.3 (zip64).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// A stretch of a file. What lies in it is read by pread, so that many may read at once.
struct FileSlice {
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t offset = 0, size = 0;
};

// At most `limit` bytes; `name` is for messages. An error when the file ends before the slice does.
Result<std::string> read_slice(const FileSlice& slice, const std::string& name, std::size_t limit);
// Gives `take` all bytes of the slice, in order and in steps.
Result<void> walk_slice(const FileSlice& slice, const std::string& name,
                        const std::function<Result<void>(std::span<const std::byte>)>& take);

struct ZipEntry {
  std::string name;
  std::uint64_t header = 0;  // where its local header begins
  std::uint64_t offset = 0;  // ... and its bytes
  std::uint64_t size = 0;
  std::uint32_t checksum = 0;  // CRC-32 of the bytes
};

// Sizes and offsets from here on, and the number of entries from kZipCount on, are written as zip64.
inline constexpr std::uint64_t kZip64From = 0xFFFFFFFF;
inline constexpr std::uint64_t kZipCount = 0xFFFF;

class ZipWriter {
 public:
  // Writes to `descriptor`, a new file, which stays its owner's. `zip64_from`: lower in tests alone.
  explicit ZipWriter(int descriptor, std::uint64_t zip64_from = kZip64From)
      : descriptor_(descriptor), zip64_from_(zip64_from) {}

  // Copies `size` bytes of the slice under `name`. `see` is shown them as they pass.
  Result<void> add(const std::string& name, const FileSlice& slice,
                   const std::function<void(std::span<const std::byte>)>& see);
  Result<void> add(const std::string& name, std::string_view bytes);
  // The directory. The file is complete then, not synced.
  Result<void> finish();

 private:
  Result<void> put(std::uint64_t at, std::string_view bytes) const;

  int descriptor_;
  std::uint64_t zip64_from_;
  std::uint64_t at_ = 0;
  std::vector<ZipEntry> entries_;
};

class ZipReader {
 public:
  // Reads the directory and every local header. `corrupt`, in one line that begins with `path`, for
  // all that is not a whole zip of stored entries, one behind the other: compressed or encrypted ones,
  // links and folders, sizes and places that do not fit the file or one another, two of one name.
  static Result<ZipReader> open(std::shared_ptr<const FileDescriptor> file, const std::string& path);

  const std::vector<ZipEntry>& entries() const { return entries_; }  // as they lie in the file
  const ZipEntry* find(std::string_view name) const;
  FileSlice slice(const ZipEntry& entry) const { return {file_, entry.offset, entry.size}; }
  const std::shared_ptr<const FileDescriptor>& file() const { return file_; }
  std::uint64_t size() const { return size_; }  // of the zip file

  // Whether every byte outside of the entries is what ZipWriter writes for them: the first place where
  // it is not, or nothing. What other programs write is a zip too, but it cannot be told from damage.
  Result<std::optional<std::uint64_t>> first_foreign_byte() const;

 private:
  std::shared_ptr<const FileDescriptor> file_;
  std::uint64_t size_ = 0;
  std::vector<ZipEntry> entries_;
};

}  // namespace tacho
