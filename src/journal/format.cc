// SPDX-License-Identifier: Apache-2.0
#include "journal/format.h"

#include "base/text.h"

namespace tacho {
namespace {

constexpr std::string_view kLivePrefix = "live-";
constexpr std::string_view kLiveSuffix = ".arrows";
constexpr std::string_view kPartPrefix = "part-";
constexpr std::string_view kPartSuffix = ".parquet";
constexpr std::string_view kBadPrefix = "bad-";
constexpr std::size_t kNumberDigits = 6;
constexpr std::size_t kDigestDigits = 16;

std::string padded(std::uint64_t value, int base, std::size_t digits) {
  char buffer[20];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof buffer, value, base);
  const std::string text(buffer, end);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

// The middle of `name` when it has this prefix and suffix.
std::optional<std::string_view> between(std::string_view name, std::string_view prefix,
                                        std::string_view suffix) {
  if (name.size() < prefix.size() + suffix.size() || !name.starts_with(prefix) ||
      !name.ends_with(suffix))
    return std::nullopt;
  return name.substr(prefix.size(), name.size() - prefix.size() - suffix.size());
}

}  // namespace

std::string live_name(std::uint32_t number) {
  return std::string(kLivePrefix) + padded(number, 10, kNumberDigits) + std::string(kLiveSuffix);
}

std::string part_name(std::uint32_t number, std::uint64_t digest) {
  return std::string(kPartPrefix) + padded(number, 10, kNumberDigits) + "-" +
         padded(digest, 16, kDigestDigits) + std::string(kPartSuffix);
}

std::optional<SegmentName> parse_segment_name(std::string_view name) {
  if (name.starts_with(kBadPrefix)) {
    auto inner = parse_segment_name(name.substr(kBadPrefix.size()));
    if (inner) inner->kind = SegmentName::Kind::bad;
    return inner;
  }
  if (const auto middle = between(name, kLivePrefix, kLiveSuffix)) {
    const auto number = parse_integer<std::uint32_t>(*middle);
    if (!number || middle->size() < kNumberDigits) return std::nullopt;
    return SegmentName{.kind = SegmentName::Kind::live, .number = *number};
  }
  if (const auto middle = between(name, kPartPrefix, kPartSuffix)) {
    const std::size_t dash = middle->find('-');
    if (dash == std::string_view::npos || dash < kNumberDigits ||
        middle->size() - dash - 1 != kDigestDigits)
      return std::nullopt;
    const auto number = parse_integer<std::uint32_t>(middle->substr(0, dash));
    const auto digest = parse_integer<std::uint64_t>(middle->substr(dash + 1), 16);
    if (!number || !digest) return std::nullopt;
    return SegmentName{.kind = SegmentName::Kind::part, .number = *number, .digest = *digest};
  }
  return std::nullopt;
}

}  // namespace tacho
