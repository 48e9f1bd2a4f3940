// SPDX-License-Identifier: Apache-2.0
// A row of the wide file: all of a machine at one tick, one column for each figure and device.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "schema/table.h"

namespace tacho {

// A column keeps its type for good, and each may be null: row groups that were written stay as they
// are. (In the original file a whole number became a real one with its first null; pandas does the
// same when it reads ours.)
struct WideColumn {
  std::string name;
  Type type = Type::integer;   // integer, real, text; of the file's first column timestamp
  std::string_view unit = {};  // UCUM: "By", "By/s", "%", "ms"
  std::string_view help = {};
};

// `word` is the 64 bits of a number, or the index of a text in the row's `texts`.
struct WideCell {
  std::uint64_t word = 0;
  bool is_present = false;
};

struct WideRow {
  std::int64_t time = 0;  // ns since 1970 UTC
  std::vector<WideCell> cells;
  std::vector<std::string> texts;

  std::string_view text(const WideCell& cell) const { return texts[cell.word]; }
};

// "timestamp" comes before the columns of a row builder.
inline constexpr std::string_view kWideTime = "timestamp";

}  // namespace tacho
