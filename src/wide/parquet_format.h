// SPDX-License-Identifier: Apache-2.0
// A Parquet file of wide rows: where its row groups lie, the footer that says so, and the pages of
// a column. Source: parquet.thrift of apache/parquet-format, version 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wide/row.h"

namespace tacho::parquet_format {

inline constexpr std::string_view kMagic = "PAR1";  // first and last

// One column of a row group: one page. All are optional, plain, and compressed by LZ4_RAW.
struct Chunk {
  std::uint64_t offset = 0;              // from the begin of its group
  std::uint32_t size = 0, raw_size = 0;  // with the page's header
  std::int64_t nulls = 0;
};

struct Group {
  std::int64_t rows = 0;
  std::uint64_t bytes = 0;
  std::int64_t first_time = 0, last_time = 0;  // lowest and highest, in the file's unit
  std::vector<Chunk> chunks;                   // by column
};

struct Layout {
  bool is_utc = false;
  std::vector<WideColumn> columns;
  std::vector<Group> groups;  // one behind the other, from behind the magic
  std::vector<std::pair<std::string, std::string>> facts;  // key-value metadata
};

// The footer with its length and the magic.
std::string encode_footer(const Layout& layout);
// From the footer alone; `groups_end` is where it begins in the file. `corrupt` when it is no
// Parquet, `invalid` when it is one that encode_footer did not write.
Result<Layout> parse_footer(std::string_view footer, std::uint64_t groups_end);

// Values of a column, in the order of rows.
class Values {
 public:
  explicit Values(Type type) : type_(type) {}
  void append_null();
  void append_word(std::uint64_t word);
  void append_text(std::string_view text);
  std::int64_t rows() const { return rows_; }
  std::int64_t nulls() const { return nulls_; }
  void clear();
  // Header and body of the page with all of them.
  Result<void> encode(std::string& out, Chunk& chunk) const;

 private:
  void mark(bool is_present);
  void append_levels(std::string& body) const;

  Type type_;
  std::int64_t rows_ = 0, nulls_ = 0;
  std::string present_;  // one bit a row, lowest first
  std::string plain_;    // of those that are there
};

}  // namespace tacho::parquet_format
