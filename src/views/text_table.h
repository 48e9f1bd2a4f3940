// SPDX-License-Identifier: Apache-2.0
// Aligned columns of text. What goes in becomes printable (base/display.h); colour goes around it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "views/output.h"

namespace tacho {

enum class Align : std::uint8_t { left, right };

class TextTable {
 public:
  // Text wider than `most` is cut. `is_whole`: never made narrower for a terminal.
  void add_column(std::string title, Align align, int most = 60, bool is_whole = false);
  void add_row(std::vector<std::string> cells);
  std::size_t rows() const { return rows_.size(); }
  int width() const;  // of the widest line so far
  // Title line and rows, then forgets the rows; widths are kept, so that what follows lines up. The title
  // comes once. On a terminal, columns of text are made narrower (the widest first) until a line fits.
  // False when the reader went away.
  bool print(Output& output, std::string_view indent = "");

 private:
  struct Column {
    std::string title;
    Align align;
    int most;   // columns wide
    int width = 0;
    int title_width = 0;
    bool is_whole = false;
  };
  void fit(int width);
  std::string line_of(const std::vector<std::string>& cells, std::string_view indent) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  bool has_title_ = false;
};

}  // namespace tacho
