// SPDX-License-Identifier: Apache-2.0
// Rows of a foreign file as they lie there, before they are put into tables.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "schema/table.h"

namespace tacho {

// The values of one column. Integers, reals and times as 64-bit words; text as ends into bytes.
struct RawValues {
  Type type = Type::integer;
  std::vector<std::uint64_t> words;
  std::vector<std::int32_t> ends;
  std::string bytes;                  // escaped (base/text.h)
  std::vector<std::uint8_t> present;  // a byte a row: 0 or 1

  void begin(Type of, std::size_t rows) {
    type = of;
    bytes.clear();
    ends.clear();
    present.assign(rows, 0);
    if (of == Type::text)
      ends.reserve(rows);
    else
      words.resize(rows);
  }
};

// Takes out the rows whose byte in `removed` is 1.
void remove_rows(RawValues& values, const std::vector<std::uint8_t>& removed);

struct RawChunk {
  std::vector<std::int64_t> times;   // ns since 1970 UTC, a row each
  std::vector<std::uint64_t> ticks;  // a row each
  std::vector<RawValues> columns;    // those that were asked for, in that order
  std::size_t rows() const { return times.size(); }
};

}  // namespace tacho
