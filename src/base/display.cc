// SPDX-License-Identifier: Apache-2.0
#include "base/display.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"

namespace tacho {
namespace {

// Less holds hardly a word a line: a terminal that is narrower breaks the lines itself.
constexpr int kNarrowestText = 16;

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

std::string printable(std::string_view text) {
  const bool is_plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_plain) return std::string(text);
  std::string safe;
  while (true) {
    const std::size_t end = std::min(text.find('\\'), text.size());
    append_escaped(safe, text.substr(0, end));
    if (end == text.size()) break;
    safe.push_back('\\');
    text.remove_prefix(end + 1);
  }
  std::ranges::replace(safe, '\t', ' ');  // it would push what follows out of its column
  return safe;
}

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
  const int room = std::max(kNarrowestText, width - hang);
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

int terminal_width(int descriptor) {
  winsize size{};
  if (isatty(descriptor) == 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

}  // namespace tacho
