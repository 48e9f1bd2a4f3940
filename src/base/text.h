// SPDX-License-Identifier: Apache-2.0
// Text from outside. Bytes are hostile until they are escaped.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacho {

// Appends `bytes` as valid UTF-8: control bytes but tab, DEL, invalid UTF-8, C1 controls, bidi
// controls and the backslash itself become \xNN (one for each byte), so that the text is safe in a
// terminal and the original bytes can be had back. Stops before `limit` bytes of output and
// returns false when something was cut.
bool append_escaped(std::string& out, std::string_view bytes, std::size_t limit = SIZE_MAX);
std::string escaped(std::string_view bytes, std::size_t limit = SIZE_MAX);
// The bytes that append_escaped was given.
std::string unescaped(std::string_view text);

// A whole decimal number, nothing before or after it.
template <class Integer>
std::optional<Integer> parse_integer(std::string_view text, int base = 10) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Without blanks, tabs and newlines at both ends.
std::string_view trimmed(std::string_view text);

// Takes the part of `rest` before `separator` off it; the whole when there is none.
std::string_view take_until(std::string_view& rest, char separator);

}  // namespace tacho
