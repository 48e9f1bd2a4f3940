// SPDX-License-Identifier: Apache-2.0
#include "foreign/numbers.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>

#include "base/text.h"

namespace tacho {
namespace {

// What programs write where there is no value.
constexpr std::string_view kMissing[] = {"",     "-",    "n/a", "na",   "nan",    "-nan",
                                         "null", "none", "nil", "<na>", "unknown"};

bool is_missing(std::string_view text) {
  if (text.size() > 8) return false;
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::ranges::find(kMissing, lower) != std::end(kMissing);
}

}  // namespace

Reading read_rare_number(std::string_view text, std::int64_t& integer, double& real) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"')
    text = text.substr(1, text.size() - 2);
  text = trimmed(text);
  if (is_missing(text)) return Reading::missing;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (const auto whole = parse_integer<std::int64_t>(text)) {
    integer = *whole;
    return Reading::integer;
  }
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), real);
  if (end != text.data() + text.size() || text.empty()) return Reading::text;
  // Beyond what a double holds: as good as no number, but no reason to call the column text.
  if (error == std::errc::result_out_of_range || !std::isfinite(real)) return Reading::missing;
  return error == std::errc() ? Reading::real : Reading::text;
}

}  // namespace tacho
