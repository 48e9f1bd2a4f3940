// SPDX-License-Identifier: Apache-2.0
// Sets of characters, all in one table: a command line is gone through several times.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace tacho {

enum CharacterSet : std::uint8_t {
  kEndsWord = 1 << 0,         // of an argument that may be a command line itself
  kEndsWordOfQuery = 1 << 1,  // behind a URL's scheme, where a comma or a bar is a value's own
  kEndsName = 1 << 2,
  kBlank = 1 << 3,
  kWantsQuotes = 1 << 4,
  kQuote = 1 << 5,  // and what else stands around a name in shell lines and JSON
  kInWord = 1 << 6,  // of what may be base64, hexadecimal or a JSON web token
  kUnplain = 1 << 7,  // may have to be escaped or quoted
};

// Of ASCII, whatever the locale.
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_alphanumeric(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }

consteval std::array<std::uint8_t, 256> make_character_sets() {
  std::array<std::uint8_t, 256> sets{};
  const auto add = [&sets](CharacterSet set, std::string_view members) {
    for (const char c : members) sets[static_cast<unsigned char>(c)] |= set;
  };
  add(kEndsWord, "&;?,|\n\t ");
  add(kEndsWordOfQuery, "&;?#\n\t ");
  add(kEndsName, "=:");
  add(kBlank, " \t\n");
  add(kWantsQuotes, " \t'\"$`&|;<>()*?[]#~!{}");
  add(kQuote, "\"'\\`{[(");
  add(kInWord, "+/=_-.:");
  for (int c = 0; c < 128; ++c)
    if (is_alphanumeric(static_cast<char>(c))) sets[static_cast<std::size_t>(c)] |= kInWord;
  for (std::size_t c = 0; c < sets.size(); ++c)
    if ((sets[c] & kInWord) == 0 && c != '@' && c != '%') sets[c] |= kUnplain;
  return sets;
}
inline constexpr std::array<std::uint8_t, 256> kCharacterSets = make_character_sets();

constexpr bool is_in(CharacterSet set, char c) {
  return (kCharacterSets[static_cast<unsigned char>(c)] & set) != 0;
}

// The place of the first character of the set, or the end of the text.
constexpr std::size_t find_in(CharacterSet set, std::string_view text, std::size_t at = 0) {
  while (at < text.size() && !is_in(set, text[at])) ++at;
  return at;
}

}  // namespace tacho
