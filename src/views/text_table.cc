// SPDX-License-Identifier: Apache-2.0
#include "views/text_table.h"

#include <algorithm>

#include "views/printable.h"

namespace tacho {
namespace {

constexpr int kGap = 2;  // between columns
// Less of a name says nothing; a terminal narrower than this makes of a line breaks it.
constexpr int kNarrowest = 16;

// Bytes of the UTF-8 sequence that begins with `lead`.
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

int width_of(std::string_view sequence) {
  if (sequence.size() == 1) return 1;
  const auto lead = static_cast<unsigned char>(sequence.front());
  char32_t code = lead & (0x7F >> sequence.size());
  for (const char c : sequence.substr(1)) code = code << 6 | (static_cast<unsigned char>(c) & 0x3F);
  // East Asian wide and emoji blocks; wcwidth would need a locale that we do not set.
  const bool wide = (code >= 0x1100 && code <= 0x115F) || (code >= 0x2E80 && code <= 0xA4CF) ||
                    (code >= 0xAC00 && code <= 0xD7A3) || (code >= 0xF900 && code <= 0xFAFF) ||
                    (code >= 0xFE30 && code <= 0xFE6F) || (code >= 0xFF00 && code <= 0xFF60) ||
                    (code >= 0x1F300 && code <= 0x1FAFF) || (code >= 0x20000 && code <= 0x3FFFD);
  const bool combining = (code >= 0x0300 && code <= 0x036F) || (code >= 0x200B && code <= 0x200F);
  return combining ? 0 : wide ? 2 : 1;
}

}  // namespace

int display_width(std::string_view text) {
  int width = 0;
  while (!text.empty()) {
    const std::size_t size =
        std::min(sequence_length(static_cast<unsigned char>(text.front())), text.size());
    width += width_of(text.substr(0, size));
    text.remove_prefix(size);
  }
  return width;
}

std::string cut_to(std::string_view text, int width) {
  if (display_width(text) <= width) return std::string(text);
  std::string kept;
  int used = 0;
  while (!text.empty()) {
    const std::size_t size =
        std::min(sequence_length(static_cast<unsigned char>(text.front())), text.size());
    const int wide = width_of(text.substr(0, size));
    if (used + wide > width - 1) break;
    kept.append(text.substr(0, size));
    used += wide;
    text.remove_prefix(size);
  }
  return kept + "…";
}

std::string wrapped(std::string_view first, std::string_view unsafe, int width) {
  const std::string safe = printable(unsafe);
  std::string_view text = safe;
  const int hang = display_width(first);
  const int room = std::max(kNarrowest, width - hang);
  std::string out(first);
  int used = 0;
  const auto new_line = [&] {
    out.append("\n").append(static_cast<std::size_t>(hang), ' ');
    used = 0;
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (used > 0 && used + 1 + display_width(word) > room) new_line();
    if (used > 0) {
      out.push_back(' ');
      ++used;
    }
    while (!word.empty()) {
      const std::size_t size =
          std::min(sequence_length(static_cast<unsigned char>(word.front())), word.size());
      const int wide = width_of(word.substr(0, size));
      if (used + wide > room) new_line();
      out.append(word.substr(0, size));
      used += wide;
      word.remove_prefix(size);
    }
  }
  return out + "\n";
}

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
