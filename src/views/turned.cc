// SPDX-License-Identifier: Apache-2.0
#include "views/turned.h"

#include <algorithm>

#include "base/display.h"
#include "views/text_table.h"

namespace tacho {
namespace {

constexpr int kGap = 2;      // between a title and its value
constexpr int kWideGap = 4;  // between one pair and the next
// Of one value: command lines are long.
constexpr int kWidestValue = 48;

struct Pair {
  std::string title, value;
};

std::string padding(int width) { return std::string(static_cast<std::size_t>(std::max(0, width)), ' '); }

// Column by column, as a person reads a list.
void print_pairs(const std::vector<Pair>& pairs, Output& output, std::string_view indent) {
  int title_width = 0, value_width = 0;
  for (const Pair& pair : pairs) {
    title_width = std::max(title_width, display_width(pair.title));
    value_width = std::max(value_width, display_width(pair.value));
  }
  const int wide = title_width + kGap + value_width;
  const int room = output.width() - display_width(indent);
  const auto columns = static_cast<std::size_t>(std::max(1, (room + kWideGap) / (wide + kWideGap)));
  const std::size_t lines = (pairs.size() + columns - 1) / columns;
  for (std::size_t line = 0; line < lines; ++line) {
    std::string text(indent);
    for (std::size_t at = line; at < pairs.size(); at += lines) {
      const Pair& pair = pairs[at];
      if (at != line) text.append(kWideGap, ' ');
      text += pair.title + padding(title_width - display_width(pair.title) + kGap) +
              padding(value_width - display_width(pair.value)) + pair.value;
    }
    output.write(text + "\n");
  }
}

// How many rows from `first` on fit side by side; at least one.
std::size_t fitting(const std::vector<std::vector<std::string>>& rows, std::size_t first, int room) {
  std::size_t count = 0;
  while (first + count < rows.size()) {
    int width = 0;
    for (const std::string& cell : rows[first + count]) width = std::max(width, display_width(cell));
    room -= std::min(width, kWidestValue) + kGap;
    if (room < 0 && count > 0) break;
    ++count;
  }
  return count;
}

bool has_value(const std::vector<std::vector<std::string>>& rows, std::size_t column) {
  return std::ranges::any_of(rows, [&](const auto& row) { return !row[column].empty(); });
}

}  // namespace

bool print_turned(const std::vector<std::string>& titles,
                  const std::vector<std::vector<std::string>>& rows, Output& output,
                  std::string_view indent) {
  if (rows.size() == 1) {
    std::vector<Pair> pairs;
    for (std::size_t index = 0; index < titles.size(); ++index)
      if (!rows[0][index].empty())
        pairs.push_back({printable(titles[index]), cut_to(printable(rows[0][index]), kWidestValue)});
    print_pairs(pairs, output, indent);
    return output.write("");
  }
  int title_width = 0;
  for (const std::string& title : titles) title_width = std::max(title_width, display_width(title));
  const int room = output.width() - display_width(indent) - title_width;
  for (std::size_t first = 0; first < rows.size();) {
    const std::size_t count = fitting(rows, first, room);
    if (first > 0) output.write("\n");
    // The first title is the heading: it says which row is which.
    TextTable table;
    for (std::size_t index = 0; index < titles.size(); ++index) {
      if (!has_value(rows, index)) continue;
      const bool is_heading = index == 0;
      if (is_heading) table.add_column(titles[0], Align::left, title_width);
      std::vector<std::string> cells = {titles[index]};
      for (std::size_t row = first; row < first + count; ++row) {
        if (is_heading) table.add_column(rows[row][0], Align::right, kWidestValue);
        else cells.push_back(rows[row][index]);
      }
      if (!is_heading) table.add_row(std::move(cells));
    }
    if (!table.print(output, indent)) return false;
    first += count;
  }
  return true;
}

}  // namespace tacho
