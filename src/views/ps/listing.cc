// SPDX-License-Identifier: Apache-2.0
#include "views/ps/listing.h"

#include <numeric>

#include "base/display.h"

namespace tacho {
namespace {

constexpr int kGap = 2;  // between columns, as TextTable has it
// Of the last column: with less of a command line one is like the other.
constexpr int kLeastName = 24;

}  // namespace

int cell_width(const std::string& text) { return display_width(printable(text)); }

std::vector<std::size_t> columns_that_fit(const std::vector<int>& widths, const std::vector<int>& goes,
                                          int room) {
  std::vector<std::size_t> kept(widths.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  while (kept.size() > 1) {
    std::int64_t width = std::min(widths[kept.back()], kLeastName);
    for (std::size_t at = 0; at + 1 < kept.size(); ++at) width += widths[kept[at]] + kGap;
    if (width <= room) break;
    const auto next = std::ranges::max_element(
        kept, {}, [&](std::size_t index) { return goes[index]; });
    if (goes[*next] == 0) break;
    kept.erase(next);
  }
  return kept;
}

void print_left_out(const std::vector<std::string_view>& titles, Output& output) {
  std::string text = "left out, since the terminal is narrow:";
  for (const std::string_view title : titles)
    text += (title == titles.front() ? " " : ", ") + std::string(title);
  output.write(std::string(output.dim()));
  output.write(wrapped("", text + "; --format json has all", output.width()));
  output.write(std::string(output.plain()));
}

}  // namespace tacho
