// SPDX-License-Identifier: Apache-2.0
// Aligned columns of text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "views/output.h"

namespace tacho {

enum class Align : std::uint8_t { left, right };

// Columns that a terminal shows for a text: UTF-8 sequences count once, wide characters twice.
int display_width(std::string_view text);
// The text cut to `width` columns, with "…" where something is missing.
std::string cut_to(std::string_view text, int width);

class TextTable {
 public:
  void add_column(std::string title, Align align, int most = 60);
  void add_row(std::vector<std::string> cells);
  std::size_t rows() const { return rows_.size(); }
  // Title line and rows, then forgets the rows; widths are kept, so that what follows lines up. The title
  // comes once. False when the reader went away.
  bool print(Output& output, std::string_view indent = "");

 private:
  struct Column {
    std::string title;
    Align align;
    int most;   // columns wide
    int width = 0;
  };
  std::string line_of(const std::vector<std::string>& cells, std::string_view indent) const;

  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
  bool has_title_ = false;
};

}  // namespace tacho
