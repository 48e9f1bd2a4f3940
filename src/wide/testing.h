// SPDX-License-Identifier: Apache-2.0
// For tests alone: a folder of its own, and wide rows from a few words.
#pragma once

#include <stdlib.h>

#include <algorithm>
#include <bit>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "wide/row.h"

namespace tacho::testing {

class WideFolder {
 public:
  WideFolder() {
    char path[] = "/tmp/tacho-wide-XXXXXX";
    if (mkdtemp(path) == nullptr) abort();
    path_ = path;
  }
  ~WideFolder() { std::filesystem::remove_all(path_); }
  WideFolder(const WideFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    return names;
  }

 private:
  std::string path_;
};

// Rows with a whole number, a real one and a text, a second apart.
struct WideSample {
  std::vector<WideColumn> columns = {{"count", Type::integer, "By", "A count."},
                                     {"share", Type::real, "%", "A share."},
                                     {"name", Type::text, "1", "A name."}};
  WideRow row(std::int64_t number, std::optional<std::string> name = "a, \"b\"") const {
    constexpr std::int64_t kSecond = 1'000'000'000;
    WideRow row{.time = 1'763'990'000 * kSecond + number * kSecond + 123'456'789};
    row.cells.resize(columns.size());
    row.cells[0] = {static_cast<std::uint64_t>(number - 1), true};
    row.cells[1] = {std::bit_cast<std::uint64_t>(static_cast<double>(number) / 2), number % 3 != 0};
    if (name) {
      row.cells[2] = {0, true};
      row.texts.push_back(*name);
    }
    return row;
  }
  // Another column behind these.
  void add(std::string name) {
    columns.push_back({.name = std::move(name), .type = Type::integer});
  }
};

}  // namespace tacho::testing
