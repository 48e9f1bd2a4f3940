// SPDX-License-Identifier: Apache-2.0
// Text for people: safe on a terminal, measured in its columns, cut and broken to a width.
#pragma once

#include <string>
#include <string_view>

namespace tacho {

// Text of a recording that somebody else made may hold anything; tacho's own is escaped already. The
// text, safe on a terminal: control bytes, C1 and bidi controls and what is no UTF-8 as \xNN.
// Backslashes stay, so that text which tacho recorded is as it was.
std::string printable(std::string_view text);
// Columns that a terminal shows for a text: UTF-8 sequences count once, wide characters twice.
int display_width(std::string_view text);
// The text cut to `width` columns, with "…" where something is missing.
std::string cut_to(std::string_view text, int width);
// `first` and the text (made printable), broken at blanks into lines of at most `width` columns; lines
// after the first begin with as many blanks as `first` is wide. A word that is longer than a line is
// broken within. Every line ends in a newline.
std::string wrapped(std::string_view first, std::string_view text, int width);
// Columns of the terminal behind a descriptor; 0 when it is none, or does not say.
int terminal_width(int descriptor);

}  // namespace tacho
