// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "store/pack.h"

namespace tacho {

std::string to_json(const Digests& digests) {
  nlohmann::ordered_json files = nlohmann::ordered_json::object();
  for (const auto& [name, digest] : digests) {
    char digits[17];
    std::snprintf(digits, sizeof digits, "%016llx", static_cast<unsigned long long>(digest));
    files[name] = digits;
  }
  return nlohmann::ordered_json{{"digest", "xxh3_64"}, {"files", files}}.dump(1) + "\n";
}

Result<Digests> parse_digests(std::string_view text) {
  const Error damaged{ErrorCode::corrupt, "is damaged: expected names of files with their digests"};
  const auto json = nlohmann::json::parse(text, nullptr, false);
  const auto files = json.is_object() ? json.find("files") : json.end();
  if (!json.is_object() || files == json.end() || !files->is_object()) return damaged;
  Digests digests;
  for (const auto& [name, value] : files->items()) {
    const auto digest = value.is_string() && value.get_ref<const std::string&>().size() == 16
                            ? parse_integer<std::uint64_t>(value.get_ref<const std::string&>(), 16)
                            : std::nullopt;
    if (!digest) return damaged;
    digests.emplace(name, *digest);
  }
  return digests;
}

}  // namespace tacho
