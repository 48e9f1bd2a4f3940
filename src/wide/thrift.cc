// SPDX-License-Identifier: Apache-2.0
#include "wide/thrift.h"

namespace tacho::thrift {
namespace {

// Of structures in one another; Parquet has six.
constexpr int kDeepest = 16;

}  // namespace

void Writer::varint(std::uint64_t value) {
  while (value >= 0x80) {
    out_.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out_.push_back(static_cast<char>(value));
}

void Writer::header(int field, Kind kind) {
  const int step = field - last_.back();
  last_.back() = field;
  if (step > 0 && step < 16) {
    out_.push_back(static_cast<char>(step << 4 | static_cast<int>(kind)));
    return;
  }
  out_.push_back(static_cast<char>(kind));
  varint(zigzag(field));
}

void Writer::number(int field, Kind kind, std::int64_t value) {
  header(field, kind);
  varint(zigzag(value));
}

void Writer::binary(int field, std::string_view value) {
  header(field, Kind::binary);
  element(value);
}

void Writer::element(std::string_view value) {
  varint(value.size());
  out_.append(value);
}

void Writer::begin_list(int field, Kind element, std::size_t size) {
  header(field, Kind::list);
  if (size < 15) {
    out_.push_back(static_cast<char>(size << 4 | static_cast<std::size_t>(element)));
    return;
  }
  out_.push_back(static_cast<char>(0xF0 | static_cast<int>(element)));
  varint(size);
}

void Writer::begin(int field) {
  header(field, Kind::structure);
  last_.push_back(0);
}

void Writer::end() {
  out_.push_back(0);
  last_.pop_back();
}

std::uint8_t Reader::byte() {
  if (bytes_.empty()) {
    good_ = false;
    return 0;
  }
  const auto value = static_cast<std::uint8_t>(bytes_.front());
  bytes_.remove_prefix(1);
  return value;
}

std::uint64_t Reader::varint() {
  std::uint64_t value = 0;
  for (int shift = 0; shift < 64; shift += 7) {
    const std::uint8_t next = byte();
    value |= static_cast<std::uint64_t>(next & 0x7F) << shift;
    if ((next & 0x80) == 0) return value;
  }
  good_ = false;
  return 0;
}

std::int64_t Reader::integer() {
  const std::uint64_t value = varint();
  return static_cast<std::int64_t>(value >> 1) ^ -static_cast<std::int64_t>(value & 1);
}

std::string_view Reader::binary() {
  const std::uint64_t size = varint();
  if (size > bytes_.size()) {
    good_ = false;
    return {};
  }
  const std::string_view value = bytes_.substr(0, size);
  bytes_.remove_prefix(size);
  return value;
}

Reader::Field Reader::next() {
  const std::uint8_t head = byte();
  const Kind kind = static_cast<Kind>(head & 0x0F);
  if (!good_ || kind == Kind::stop) {
    if (last_.size() > 1) last_.pop_back();
    return {};
  }
  const int step = head >> 4;
  last_.back() = step != 0 ? last_.back() + step : static_cast<int>(integer());
  return {last_.back(), kind};
}

Reader::List Reader::list() {
  const std::uint8_t head = byte();
  std::size_t size = head >> 4;
  if (size == 15) size = varint();
  // An element has at least one byte.
  if (size > bytes_.size()) good_ = false;
  return {static_cast<Kind>(head & 0x0F), good_ ? size : 0};
}

void Reader::skip(Kind kind) { skip(kind, 0); }

void Reader::skip_many(Kind kind, std::size_t count, int depth) {
  for (std::size_t index = 0; index < count && good_; ++index) {
    // In a list a truth value takes a byte.
    if (kind == Kind::yes || kind == Kind::no)
      byte();
    else
      skip(kind, depth);
  }
}

void Reader::skip(Kind kind, int depth) {
  if (depth > kDeepest) good_ = false;
  if (!good_) return;
  switch (kind) {
    case Kind::yes:
    case Kind::no:
      return;
    case Kind::byte:
      byte();
      return;
    case Kind::i16:
    case Kind::i32:
    case Kind::i64:
      varint();
      return;
    case Kind::real:
      for (int index = 0; index < 8; ++index) byte();
      return;
    case Kind::binary:
      binary();
      return;
    case Kind::list:
    case Kind::set: {
      const List elements = list();
      return skip_many(elements.element, elements.size, depth + 1);
    }
    case Kind::structure:
      begin();
      for (Field field = next(); field.kind != Kind::stop; field = next())
        skip(field.kind, depth + 1);
      return;
    default:
      good_ = false;
  }
}

}  // namespace tacho::thrift
