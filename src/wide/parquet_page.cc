// SPDX-License-Identifier: Apache-2.0
// The page of a column: definition levels and plain values, compressed.
#include <lz4.h>

#include "wide/parquet_format.h"
#include "wide/thrift.h"

namespace tacho::parquet_format {
namespace {

// Numbers of parquet.thrift.
constexpr std::int32_t kDataPage = 0;
constexpr std::int32_t kPlain = 0, kRle = 3;

void append_little_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int index = 0; index < bytes; ++index)
    out.push_back(static_cast<char>(value >> (8 * index)));
}

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
  out.push_back(static_cast<char>(value));
}

}  // namespace

void Values::mark(bool is_present) {
  if (rows_ % 8 == 0) present_.push_back(0);
  if (is_present)
    present_.back() = static_cast<char>(present_.back() | 1 << (rows_ % 8));
  else
    ++nulls_;
  ++rows_;
}

void Values::append_null() { mark(false); }

void Values::append_word(std::uint64_t word) {
  mark(true);
  append_little_endian(plain_, word, 8);
}

void Values::append_text(std::string_view text) {
  mark(true);
  append_little_endian(plain_, text.size(), 4);
  plain_.append(text);
}

void Values::clear() {
  rows_ = nulls_ = 0;
  present_.clear();
  plain_.clear();
}

// Levels in the hybrid of run lengths and packed bits: one run when all are there or none is, else
// the bits as they are.
void Values::append_levels(std::string& body) const {
  std::string levels;
  if (nulls_ == 0 || nulls_ == rows_) {
    append_varint(levels, static_cast<std::uint64_t>(rows_) << 1);
    levels.push_back(nulls_ == 0 ? 1 : 0);
  } else {
    append_varint(levels, static_cast<std::uint64_t>(present_.size()) << 1 | 1);
    levels.append(present_);
  }
  append_little_endian(body, levels.size(), 4);
  body.append(levels);
}

Result<void> Values::encode(std::string& out, Chunk& chunk) const {
  std::string body;
  body.reserve(plain_.size() + present_.size() + 16);
  append_levels(body);
  body.append(plain_);
  // A group has some thousand rows of 8 bytes, or of a name: far from the 2 GB that LZ4 takes.
  const int bound = LZ4_compressBound(static_cast<int>(body.size()));
  std::string packed(static_cast<std::size_t>(bound), '\0');
  const int size =
      LZ4_compress_default(body.data(), packed.data(), static_cast<int>(body.size()), bound);
  if (size <= 0) return Error{ErrorCode::bug, "LZ4 refused the page of a column"};
  const std::size_t start = out.size();
  thrift::Writer header(out);
  header.i32(1, kDataPage);
  header.i32(2, static_cast<std::int32_t>(body.size()));
  header.i32(3, size);
  header.begin(5);
  header.i32(1, static_cast<std::int32_t>(rows_));
  header.i32(2, kPlain);
  header.i32(3, kRle);
  header.i32(4, kRle);
  header.end();
  header.end();
  const std::size_t head = out.size() - start;
  out.append(packed, 0, static_cast<std::size_t>(size));
  chunk.size = static_cast<std::uint32_t>(head + static_cast<std::size_t>(size));
  chunk.raw_size = static_cast<std::uint32_t>(head + body.size());
  chunk.nulls = nulls_;
  return {};
}

}  // namespace tacho::parquet_format
