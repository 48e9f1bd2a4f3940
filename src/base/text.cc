// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <algorithm>
#include <array>

namespace tacho {
namespace {

struct Character {
  char32_t point = 0;
  std::size_t length = 0;  // in bytes; 0: not UTF-8
};

// The well-formed byte sequences are those of table 3-7 of the Unicode standard: no overlong
// forms, no surrogates, nothing above U+10FFFF.
Character decode(std::string_view bytes) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned first = at(0);
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || bytes.size() < length) return {};
  char32_t point = first & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xC0u) != 0x80u) return {};
    point = point << 6 | (at(i) & 0x3Fu);
  }
  const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  if (overlong || (point >= 0xD800 && point <= 0xDFFF) || point > 0x10FFFF) return {};
  return {point, length};
}

// What can move a terminal's cursor, turn the direction of the text around it, or begin an escape.
bool is_harmless(char32_t point) {
  if (point == U'\t') return true;
  if (point < 0x20 || point == U'\\' || (point >= 0x7F && point <= 0x9F)) return false;
  const bool bidi = point == 0x061C || point == 0x200E || point == 0x200F ||
                    (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
  return !bidi;
}

consteval std::array<bool, 256> make_harmless_ascii() {
  std::array<bool, 256> harmless{};
  for (unsigned char byte = ' '; byte < 0x7F; ++byte) harmless[byte] = byte != '\\';
  return harmless;
}
constexpr std::array<bool, 256> kHarmlessAscii = make_harmless_ascii();

// How many of the first bytes are printable ASCII that stays as it is: mostly all of them.
std::size_t harmless_ascii(std::string_view bytes) {
  const auto end =
      std::ranges::find_if(bytes, [](unsigned char byte) { return !kHarmlessAscii[byte]; });
  return static_cast<std::size_t>(end - bytes.begin());
}

constexpr std::size_t kEscapeLength = 4;  // \xNN

int hexadecimal_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// The byte that an escape at the start of `text` stands for; -1 when none stands there.
int escaped_byte(std::string_view text) {
  if (text.size() < kEscapeLength || text[0] != '\\' || text[1] != 'x') return -1;
  const int high = hexadecimal_value(text[2]);
  const int low = hexadecimal_value(text[3]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

}  // namespace

bool append_escaped(std::string& out, std::string_view bytes, std::size_t limit) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  while (!bytes.empty()) {
    if (const std::size_t plain = harmless_ascii(bytes); plain > 0) {
      const std::size_t taken = std::min(plain, limit);
      out.append(bytes.substr(0, taken));
      if (taken < plain) return false;
      limit -= taken;
      bytes.remove_prefix(taken);
      continue;
    }
    const Character character = decode(bytes);
    const bool as_it_is = character.length > 0 && is_harmless(character.point);
    // A character is taken whole or not at all, so that a cut never leaves half of one.
    const std::size_t length = character.length > 0 ? character.length : 1;
    const std::size_t needed = as_it_is ? length : length * kEscapeLength;
    if (needed > limit) return false;
    limit -= needed;
    if (as_it_is) {
      out.append(bytes.substr(0, length));
    } else {
      for (const char byte : bytes.substr(0, length)) {
        const auto value = static_cast<unsigned char>(byte);
        out.append("\\x");
        out.push_back(kDigits[value >> 4]);
        out.push_back(kDigits[value & 0xFu]);
      }
    }
    bytes.remove_prefix(length);
  }
  return true;
}

std::string escaped(std::string_view bytes, std::size_t limit) {
  std::string out;
  append_escaped(out, bytes, limit);
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const int byte = escaped_byte(text);
    out.push_back(byte < 0 ? text[0] : static_cast<char>(byte));
    text.remove_prefix(byte < 0 ? 1 : kEscapeLength);
  }
  return out;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  return taken;
}

}  // namespace tacho
