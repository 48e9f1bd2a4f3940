// SPDX-License-Identifier: Apache-2.0
#include "views/text_table.h"

#include <algorithm>

#include "base/display.h"

namespace tacho {
namespace {

constexpr int kGap = 2;  // between columns
// Of a column: less of a name says nothing.
constexpr int kNarrowest = 16;

}  // namespace

void TextTable::add_column(std::string title, Align align, int most, bool is_whole) {
  title = printable(title);
  const int width = display_width(title);
  columns_.push_back({std::move(title), align, std::max(most, width), width, width, is_whole});
}

void TextTable::add_row(std::vector<std::string> cells) {
  for (std::size_t index = 0; index < cells.size(); ++index) {
    Column& column = columns_[index];
    cells[index] = cut_to(printable(cells[index]), column.most);
    column.width = std::max(column.width, display_width(cells[index]));
  }
  rows_.push_back(std::move(cells));
}

std::string TextTable::line_of(const std::vector<std::string>& cells, std::string_view indent) const {
  std::string line(indent);
  for (std::size_t index = 0; index < cells.size(); ++index) {
    const Column& column = columns_[index];
    const std::string cell = cut_to(cells[index], column.width);
    const auto padding = static_cast<std::size_t>(std::max(0, column.width - display_width(cell)));
    if (index > 0) line.append(kGap, ' ');
    if (column.align == Align::right) line.append(padding, ' ');
    line.append(cell);
    if (column.align == Align::left) line.append(padding, ' ');
  }
  line.erase(line.find_last_not_of(' ') + 1);
  return line;
}

int TextTable::width() const {
  int width = 0;
  for (const Column& column : columns_) width += column.width + (width > 0 ? kGap : 0);
  return width;
}

void TextTable::fit(int width) {
  while (this->width() > width) {
    Column* widest = nullptr;
    for (Column& column : columns_)
      if (column.align == Align::left && !column.is_whole && column.width > std::max(kNarrowest, column.title_width) &&
          (widest == nullptr || column.width > widest->width))
        widest = &column;
    if (widest == nullptr) return;
    --widest->width;
  }
}

bool TextTable::print(Output& output, std::string_view indent) {
  if (output.is_terminal()) fit(output.width() - display_width(indent));
  if (!has_title_) {
    std::vector<std::string> titles;
    for (const Column& column : columns_) titles.push_back(column.title);
    output.write(std::string(output.bold()) + line_of(titles, indent) + std::string(output.plain()) + "\n");
    has_title_ = true;
  }
  bool wanted = true;
  for (const auto& cells : rows_) wanted = output.write(line_of(cells, indent) + "\n");
  rows_.clear();
  return wanted;
}

}  // namespace tacho
