// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/text.h"
#include "wide/parquet_format.h"
#include "wide/thrift.h"

namespace tacho::parquet_format {
namespace {

using thrift::Kind;

// Numbers of parquet.thrift; never renumber.
constexpr std::int32_t kInt64 = 2, kDouble = 5, kByteArray = 6;
constexpr std::int32_t kOptional = 1;
constexpr std::int32_t kUtf8 = 0, kTimestampMicros = 10;
constexpr int kStringType = 1, kTimestampType = 8;  // fields of the union LogicalType
constexpr std::int32_t kPlain = 0, kRle = 3;
constexpr std::int32_t kLz4Raw = 7;
constexpr std::int32_t kVersion = 2;
constexpr std::string_view kSchemaName = "schema";
constexpr std::string_view kWriter = "tacho ";
constexpr std::string_view kCreatedBy = "tacho version " TACHO_VERSION;

std::int32_t physical_of(Type type) {
  if (type == Type::text) return kByteArray;
  return type == Type::real ? kDouble : kInt64;
}

void put_column(thrift::Writer& out, const WideColumn& column, bool is_utc) {
  out.begin_element();
  out.i32(1, physical_of(column.type));
  out.i32(3, kOptional);
  out.binary(4, column.name);
  if (column.type == Type::text) {
    out.i32(6, kUtf8);
    out.begin(10);
    out.begin(kStringType);
    out.end();
    out.end();
  }
  if (column.type == Type::timestamp) {
    // The older field has no word for a time without a zone.
    if (is_utc) out.i32(6, kTimestampMicros);
    out.begin(10);
    out.begin(kTimestampType);
    out.boolean(1, is_utc);
    out.begin(2);
    out.begin(2);  // microseconds
    out.end();
    out.end();
    out.end();
    out.end();
  }
  out.end();
}

void put_schema(thrift::Writer& out, const Layout& layout) {
  out.begin_list(2, Kind::structure, layout.columns.size() + 1);
  out.begin_element();
  out.binary(4, kSchemaName);
  out.i32(5, static_cast<std::int32_t>(layout.columns.size()));
  out.end();
  for (const WideColumn& column : layout.columns) put_column(out, column, layout.is_utc);
}

std::string_view bytes_of(const std::int64_t& number) {
  return {reinterpret_cast<const char*>(&number), sizeof number};
}

void put_statistics(thrift::Writer& out, const Group& group, const Chunk& chunk, bool is_time) {
  out.begin(12);
  out.i64(3, chunk.nulls);
  if (is_time) {
    out.binary(5, bytes_of(group.last_time));
    out.binary(6, bytes_of(group.first_time));
  }
  out.end();
}

void put_chunk(thrift::Writer& out, const WideColumn& column, const Group& group,
               const Chunk& chunk, std::uint64_t group_start) {
  const auto start = static_cast<std::int64_t>(group_start + chunk.offset);
  out.begin_element();
  out.i64(2, start);
  out.begin(3);
  out.i32(1, physical_of(column.type));
  out.begin_list(2, Kind::i32, 2);
  out.element(kPlain);
  out.element(kRle);
  out.begin_list(3, Kind::binary, 1);
  out.element(std::string_view(column.name));
  out.i32(4, kLz4Raw);
  out.i64(5, group.rows);
  out.i64(6, chunk.raw_size);
  out.i64(7, chunk.size);
  out.i64(9, start);
  put_statistics(out, group, chunk, column.type == Type::timestamp);
  out.end();
  out.end();
}

void put_group(thrift::Writer& out, const Layout& layout, const Group& group, std::uint64_t start) {
  std::int64_t raw = 0, packed = 0;
  for (const Chunk& chunk : group.chunks) {
    raw += chunk.raw_size;
    packed += chunk.size;
  }
  out.begin_element();
  out.begin_list(1, Kind::structure, group.chunks.size());
  for (std::size_t index = 0; index < group.chunks.size(); ++index)
    put_chunk(out, layout.columns[index], group, group.chunks[index], start);
  out.i64(2, raw);
  out.i64(3, group.rows);
  out.i64(5, static_cast<std::int64_t>(start));
  out.i64(6, packed);
  out.end();
}

void put_facts(thrift::Writer& out, const Layout& layout) {
  out.begin_list(5, Kind::structure, layout.facts.size());
  for (const auto& [key, value] : layout.facts) {
    out.begin_element();
    out.binary(1, key);
    out.binary(2, value);
    out.end();
  }
}

// Without the order of values readers do not trust the highest and lowest.
void put_orders(thrift::Writer& out, std::size_t columns) {
  out.begin_list(7, Kind::structure, columns);
  for (std::size_t index = 0; index < columns; ++index) {
    out.begin_element();
    out.begin(1);
    out.end();
    out.end();
  }
}

Error not_ours(const std::string& why) {
  return {ErrorCode::invalid, "it is Parquet that tacho did not write (" + why + ")"};
}

// Who wrote a file, by its own word.
std::string writer_of(std::string_view footer) {
  thrift::Reader in(footer);
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 6 && field.kind == Kind::binary) return std::string(in.binary());
    in.skip(field.kind);
  }
  return "";
}

// What is read of a column's entry in the schema.
struct Element {
  std::string name;
  std::int64_t physical = -1, converted = -1, children = 0;
  bool is_time = false, is_utc = false;
};

// The union LogicalType, as far as it is a timestamp's.
void read_logical(thrift::Reader& in, Element& element) {
  in.begin();
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number != kTimestampType || field.kind != Kind::structure) {
      in.skip(field.kind);
      continue;
    }
    element.is_time = true;
    in.begin();
    for (auto inner = in.next(); inner.kind != Kind::stop; inner = in.next()) {
      if (inner.number == 1) element.is_utc = inner.kind == Kind::yes;
      in.skip(inner.kind);
    }
  }
}

Element read_element(thrift::Reader& in) {
  Element element;
  in.begin();
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 1 && field.kind == Kind::i32)
      element.physical = in.integer();
    else if (field.number == 4 && field.kind == Kind::binary)
      element.name = in.binary();
    else if (field.number == 5 && field.kind == Kind::i32)
      element.children = in.integer();
    else if (field.number == 6 && field.kind == Kind::i32)
      element.converted = in.integer();
    else if (field.number == 10 && field.kind == Kind::structure)
      read_logical(in, element);
    else
      in.skip(field.kind);
  }
  return element;
}

Result<void> read_schema(thrift::Reader& in, Layout& layout) {
  const auto elements = in.list();
  for (std::size_t index = 0; index < elements.size && in.is_good(); ++index) {
    const Element element = read_element(in);
    if (index == 0) continue;
    const bool is_first = index == 1;
    WideColumn column{.name = element.name};
    if (element.physical == kDouble)
      column.type = Type::real;
    else if (element.physical == kByteArray && element.converted == kUtf8)
      column.type = Type::text;
    else if (element.physical != kInt64 || element.children != 0)
      return not_ours("the column '" + element.name + "'");
    if (element.is_time != is_first || (is_first && element.name != kWideTime))
      return not_ours("its first column is not 'timestamp'");
    if (is_first) {
      column.type = Type::timestamp;
      layout.is_utc = element.is_utc;
    }
    layout.columns.push_back(std::move(column));
  }
  return {};
}

struct ReadChunk {
  std::int64_t offset = -1, size = 0, raw_size = 0, codec = -1;
};

void read_statistics(thrift::Reader& in, Chunk& chunk, Group& group, bool is_time) {
  const auto number = [](std::string_view bytes) {
    std::int64_t value = 0;
    if (bytes.size() == sizeof value)
      std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(&value));
    return value;
  };
  in.begin();
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 3 && field.kind == Kind::i64)
      chunk.nulls = in.integer();
    else if (is_time && field.number == 5 && field.kind == Kind::binary)
      group.last_time = number(in.binary());
    else if (is_time && field.number == 6 && field.kind == Kind::binary)
      group.first_time = number(in.binary());
    else
      in.skip(field.kind);
  }
}

ReadChunk read_metadata(thrift::Reader& in, Chunk& chunk, Group& group, bool is_time) {
  ReadChunk read;
  in.begin();
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 4 && field.kind == Kind::i32)
      read.codec = in.integer();
    else if (field.number == 6 && field.kind == Kind::i64)
      read.raw_size = in.integer();
    else if (field.number == 7 && field.kind == Kind::i64)
      read.size = in.integer();
    else if (field.number == 9 && field.kind == Kind::i64)
      read.offset = in.integer();
    else if (field.number == 12 && field.kind == Kind::structure)
      read_statistics(in, chunk, group, is_time);
    else
      in.skip(field.kind);
  }
  return read;
}

// False when the chunk does not lie within the group areas of the file.
bool read_chunk(thrift::Reader& in, Group& group, std::uint64_t groups_end) {
  Chunk chunk;
  ReadChunk read;
  in.begin();
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 3 && field.kind == Kind::structure)
      read = read_metadata(in, chunk, group, group.chunks.empty());
    else
      in.skip(field.kind);
  }
  const bool is_sane = read.codec == kLz4Raw && read.offset >= 0 && read.size > 0 &&
                       read.raw_size > 0 && read.size < INT32_MAX && read.raw_size < INT32_MAX &&
                       static_cast<std::uint64_t>(read.offset + read.size) <= groups_end;
  chunk.offset = static_cast<std::uint64_t>(read.offset);
  chunk.size = static_cast<std::uint32_t>(read.size);
  chunk.raw_size = static_cast<std::uint32_t>(read.raw_size);
  group.chunks.push_back(chunk);
  return is_sane;
}

// Whether the times of so many rows can be in the group's first page: LZ4 makes at most 255 bytes
// of one.
bool may_hold(const Group& group) {
  if (group.chunks.empty()) return false;
  const Chunk& times = group.chunks.front();
  constexpr std::uint64_t kMostOfByte = 255, kPageHeader = 128;
  return static_cast<std::uint64_t>(group.rows) <= times.raw_size / sizeof(std::int64_t) &&
         times.raw_size <= times.size * kMostOfByte + kPageHeader;
}

// Ours lie one behind the other: where one ends the next begins.
Result<void> read_groups(thrift::Reader& in, Layout& layout, std::uint64_t groups_end) {
  const auto groups = in.list();
  std::uint64_t start = kMagic.size();
  for (std::size_t index = 0; index < groups.size && in.is_good(); ++index) {
    Group group;
    bool is_sane = true;
    in.begin();
    for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
      if (field.number == 1 && field.kind == Kind::list) {
        const auto chunks = in.list();
        for (std::size_t chunk = 0; chunk < chunks.size && in.is_good(); ++chunk)
          is_sane = read_chunk(in, group, groups_end) && is_sane;
      } else if (field.number == 3 && field.kind == Kind::i64) {
        group.rows = in.integer();
      } else {
        in.skip(field.kind);
      }
    }
    for (Chunk& chunk : group.chunks) {
      is_sane = is_sane && chunk.offset == start + group.bytes;
      chunk.offset -= start;
      group.bytes += chunk.size;
    }
    is_sane = is_sane && group.rows > 0 && may_hold(group);
    if (!is_sane || group.chunks.size() != layout.columns.size())
      return not_ours("its row groups lie otherwise");
    start += group.bytes;
    layout.groups.push_back(std::move(group));
  }
  if (start != groups_end) return not_ours("its row groups lie otherwise");
  return {};
}

void read_facts(thrift::Reader& in, Layout& layout) {
  const auto facts = in.list();
  for (std::size_t index = 0; index < facts.size && in.is_good(); ++index) {
    std::pair<std::string, std::string> fact;
    in.begin();
    for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
      if (field.number == 1 && field.kind == Kind::binary)
        fact.first = in.binary();
      else if (field.number == 2 && field.kind == Kind::binary)
        fact.second = in.binary();
      else
        in.skip(field.kind);
    }
    layout.facts.push_back(std::move(fact));
  }
}

}  // namespace

std::string encode_footer(const Layout& layout) {
  std::string footer;
  thrift::Writer out(footer);
  std::int64_t rows = 0;
  for (const Group& group : layout.groups) rows += group.rows;
  out.i32(1, kVersion);
  put_schema(out, layout);
  out.i64(3, rows);
  out.begin_list(4, Kind::structure, layout.groups.size());
  std::uint64_t start = kMagic.size();
  for (const Group& group : layout.groups) {
    put_group(out, layout, group, start);
    start += group.bytes;
  }
  put_facts(out, layout);
  out.binary(6, kCreatedBy);
  put_orders(out, layout.columns.size());
  out.end();
  const auto size = static_cast<std::uint32_t>(footer.size());
  footer.append(reinterpret_cast<const char*>(&size), sizeof size);
  footer.append(kMagic);
  return footer;
}

Result<Layout> parse_footer(std::string_view footer, std::uint64_t groups_end) {
  const std::string writer = writer_of(footer);
  if (!writer.starts_with(kWriter)) return not_ours("but " + escaped(writer, 80));
  Layout layout;
  thrift::Reader in(footer);
  for (auto field = in.next(); field.kind != Kind::stop; field = in.next()) {
    if (field.number == 2 && field.kind == Kind::list)
      TRY(read_schema(in, layout));
    else if (field.number == 4 && field.kind == Kind::list)
      TRY(read_groups(in, layout, groups_end));
    else if (field.number == 5 && field.kind == Kind::list)
      read_facts(in, layout);
    else
      in.skip(field.kind);
  }
  if (!in.is_good()) return Error{ErrorCode::corrupt, "its Parquet footer is damaged"};
  if (layout.columns.empty()) return not_ours("it has no columns");
  return layout;
}

}  // namespace tacho::parquet_format
