// SPDX-License-Identifier: Apache-2.0
// Text of a recording that somebody else made may hold anything; tacho's own is escaped already.
#pragma once

#include <string>
#include <string_view>

namespace tacho {

// The text, safe on a terminal: control bytes, C1 and bidi controls and what is no UTF-8 as \xNN.
// Backslashes stay, so that text which tacho recorded is as it was.
std::string printable(std::string_view text);

}  // namespace tacho
