// SPDX-License-Identifier: Apache-2.0
#include "kernel/mount_table.h"

namespace tacho {
namespace {

bool is_octal(char c) { return c >= '0' && c <= '7'; }

std::string_view take_option(std::string_view& rest) {
  const std::size_t comma = rest.find(',');
  const std::string_view option = rest.substr(0, comma);
  rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
  return option;
}

}  // namespace

bool parse_mount_line(std::string_view line, MountLine& into) {
  Fields fields(line);
  fields.skip(2);
  const std::string_view device = fields.word();
  const std::size_t colon = device.find(':');
  if (colon == std::string_view::npos) return false;
  into.major = Fields(device.substr(0, colon)).number().value_or(0);
  into.minor = Fields(device.substr(colon + 1)).number().value_or(0);
  into.root = fields.word();
  into.point = fields.word();
  into.options = fields.word();
  // Any number of optional fields, then a dash.
  std::string_view word = fields.word();
  while (!word.empty() && word != "-") word = fields.word();
  into.type = fields.word();
  into.source = fields.word();
  into.super_options = fields.word();
  return word == "-" && !into.type.empty();
}

void append_mount_text(std::string& out, std::string_view escaped) {
  for (std::size_t i = 0; i < escaped.size(); ++i) {
    if (escaped[i] == '\\' && i + 3 < escaped.size() && is_octal(escaped[i + 1]) &&
        is_octal(escaped[i + 2]) && is_octal(escaped[i + 3])) {
      out += static_cast<char>((escaped[i + 1] - '0') * 64 + (escaped[i + 2] - '0') * 8 +
                               (escaped[i + 3] - '0'));
      i += 3;
    } else {
      out += escaped[i];
    }
  }
}

bool has_option(std::string_view options, std::string_view word) {
  while (!options.empty())
    if (take_option(options) == word) return true;
  return false;
}

}  // namespace tacho
