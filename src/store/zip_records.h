// SPDX-License-Identifier: Apache-2.0
// For store/zip*.cc alone: the records of a zip file as bytes.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/zip.h"

namespace tacho {

// Signatures, little-endian.
inline constexpr std::uint32_t kLocalHeader = 0x04034B50;
inline constexpr std::uint32_t kDirectoryEntry = 0x02014B50;
inline constexpr std::uint32_t kDirectoryEnd = 0x06054B50;
inline constexpr std::uint32_t kZip64End = 0x06064B50;
inline constexpr std::uint32_t kZip64Locator = 0x07064B50;

// Sizes of the records without what is of variable length.
inline constexpr std::size_t kLocalHeaderSize = 30;
inline constexpr std::size_t kDirectoryEntrySize = 46;
inline constexpr std::size_t kDirectoryEndSize = 22;
inline constexpr std::size_t kZip64EndSize = 56;
inline constexpr std::size_t kZip64LocatorSize = 20;

inline constexpr std::uint16_t kZip64Extra = 0x0001;
inline constexpr std::uint32_t kRegularFile = 0100000;  // the type in a Unix mode
inline constexpr std::uint32_t kTypeOfFile = 0170000;

// Numbers one behind the other, little-endian.
class RecordWriter {
 public:
  template <class Number>
  RecordWriter& number(std::type_identity_t<Number> value) {
    char bytes[sizeof(Number)];
    std::memcpy(bytes, &value, sizeof value);
    bytes_.append(bytes, sizeof value);
    return *this;
  }
  RecordWriter& u16(std::uint64_t value) { return number<std::uint16_t>(static_cast<std::uint16_t>(value)); }
  RecordWriter& u32(std::uint64_t value) { return number<std::uint32_t>(static_cast<std::uint32_t>(value)); }
  RecordWriter& u64(std::uint64_t value) { return number<std::uint64_t>(value); }
  RecordWriter& text(std::string_view value) {
    bytes_ += value;
    return *this;
  }
  std::string take() const { return bytes_; }

 private:
  std::string bytes_;
};

// Takes numbers off; zeros when there are no more bytes, and is_short from then on.
class RecordReader {
 public:
  explicit RecordReader(std::string_view bytes) : bytes_(bytes) {}
  std::uint16_t u16() { return number<std::uint16_t>(); }
  std::uint32_t u32() { return number<std::uint32_t>(); }
  std::uint64_t u64() { return number<std::uint64_t>(); }
  std::string_view text(std::size_t size) {
    is_short_ |= size > bytes_.size();
    const std::string_view taken = bytes_.substr(0, size);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  std::string_view rest() const { return bytes_; }
  bool is_short() const { return is_short_; }

 private:
  template <class Number>
  Number number() {
    Number value = 0;
    const std::string_view taken = text(sizeof value);
    if (taken.size() != sizeof value) return 0;
    for (std::size_t at = sizeof value; at-- > 0;)
      value = static_cast<Number>(static_cast<std::uint64_t>(value) << 8 |
                                  static_cast<unsigned char>(taken[at]));
    return value;
  }
  std::string_view bytes_;
  bool is_short_ = false;
};

// What ZipWriter writes before the bytes of an entry, ...
std::string local_header(const ZipEntry& entry, std::uint64_t zip64_from);
// ... and behind the last one, when that ends at `at`.
std::string directory_of(const std::vector<ZipEntry>& entries, std::uint64_t at,
                         std::uint64_t zip64_from);

}  // namespace tacho
