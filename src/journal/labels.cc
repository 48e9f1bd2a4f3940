// SPDX-License-Identifier: Apache-2.0
#include "journal/labels.h"

#include <algorithm>

#include "base/text.h"

namespace tacho {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_key(std::string_view key) {
  return !key.empty() && key.size() <= kLongestLabelKey && is_letter(key.front()) &&
         std::ranges::all_of(key, [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
         });
}

Error wrong(std::string_view text, const std::string& what) {
  return {ErrorCode::invalid, "--label '" + escaped(text, 80) + "' " + what + ": write for example --label stage=nightly"};
}

}  // namespace

Result<void> add_label(Labels& labels, std::string_view text) {
  std::string_view value = text;
  const std::string_view key = take_until(value, '=');
  if (key.size() == text.size()) return wrong(text, "has no '='");
  if (!is_key(key))
    return wrong(text, "does not begin with a key of letters, digits, '_', '-' and '.', " +
                           std::to_string(kLongestLabelKey) + " at most");
  std::string kept = escaped(value);
  if (kept.size() > kLongestLabelValue)
    return wrong(text, "has a value of more than " + std::to_string(kLongestLabelValue) + " bytes");
  labels.insert_or_assign(std::string(key), std::move(kept));
  if (labels.size() > kMostLabels)
    return wrong(text, "is one too many: a recording has at most " + std::to_string(kMostLabels));
  return {};
}

std::string text_of(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) {
    if (!text.empty()) text += ", ";
    text.append(key).append("=").append(value);
  }
  return text;
}

}  // namespace tacho
