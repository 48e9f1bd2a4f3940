// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace tacho {

// Appends a JSON string, quotes included. `text` is UTF-8 (what recordings hold); other bytes become
// U+FFFD.
void append_json_string(std::string& out, std::string_view text);

}  // namespace tacho
