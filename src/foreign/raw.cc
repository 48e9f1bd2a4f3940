// SPDX-License-Identifier: Apache-2.0
#include "foreign/raw.h"

namespace tacho {

void remove_rows(RawValues& values, const std::vector<std::uint8_t>& removed) {
  std::size_t kept = 0;
  std::string bytes;
  for (std::size_t row = 0; row < removed.size(); ++row) {
    if (removed[row] != 0) continue;
    values.present[kept] = values.present[row];
    if (values.type == Type::text) {
      const std::int32_t begin = row == 0 ? 0 : values.ends[row - 1];
      bytes.append(values.bytes, static_cast<std::size_t>(begin),
                   static_cast<std::size_t>(values.ends[row] - begin));
    } else {
      values.words[kept] = values.words[row];
    }
    ++kept;
  }
  if (values.type == Type::text) {
    // Ends are made anew from the lengths of those that stayed.
    std::vector<std::int32_t> ends;
    std::int32_t end = 0;
    for (std::size_t row = 0; row < removed.size(); ++row) {
      if (removed[row] != 0) continue;
      end += values.ends[row] - (row == 0 ? 0 : values.ends[row - 1]);
      ends.push_back(end);
    }
    values.ends = std::move(ends);
    values.bytes = std::move(bytes);
  } else {
    values.words.resize(kept);
  }
  values.present.resize(kept);
}

}  // namespace tacho
