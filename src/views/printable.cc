// SPDX-License-Identifier: Apache-2.0
#include "views/printable.h"

#include <algorithm>

#include "base/text.h"

namespace tacho {

std::string printable(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_plain) return std::string(text);
  std::string safe;
  while (true) {
    const std::size_t end = std::min(text.find('\\'), text.size());
    append_escaped(safe, text.substr(0, end));
    if (end == text.size()) break;
    safe.push_back('\\');
    text.remove_prefix(end + 1);
  }
  std::ranges::replace(safe, '\t', ' ');  // it would push what follows out of its column
  return safe;
}

}  // namespace tacho
