// SPDX-License-Identifier: Apache-2.0
#include "collectors/registry.h"

#include <algorithm>
#include <string>

namespace tacho {

#define TACHO_COLLECTOR(name)            \
  namespace collector_##name {           \
    extern const CollectorInfo info;     \
  }
#include "collectors/collectors.def"
#undef TACHO_COLLECTOR

namespace {

constexpr const CollectorInfo* kCollectors[] = {
#define TACHO_COLLECTOR(name) &collector_##name::info,
#include "collectors/collectors.def"
#undef TACHO_COLLECTOR
};

constexpr std::string_view kAlways[] = {"system", "event", "self"};

std::string all_names() {
  std::string names;
  for (const Table* table : all_tables()) names.append(names.empty() ? "" : " ").append(table->name);
  return names;
}

// The collectors that fill the tables named in `list`.
Result<std::vector<const CollectorInfo*>> named(std::string_view list) {
  std::vector<const CollectorInfo*> found;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view name = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    const auto collector = std::find_if(
        std::begin(kCollectors), std::end(kCollectors), [&](const CollectorInfo* info) {
          return std::any_of(info->tables.begin(), info->tables.end(),
                             [&](const Table* table) { return table->name == name; });
        });
    if (collector == std::end(kCollectors))
      return Error{ErrorCode::invalid,
                   "there is no table " + std::string(name) + "; tables are: " + all_names()};
    found.push_back(*collector);
  }
  return found;
}

}  // namespace

std::span<const CollectorInfo* const> all_collectors() { return kCollectors; }

std::vector<const Table*> all_tables() {
  std::vector<const Table*> tables;
  for (const CollectorInfo* info : kCollectors)
    tables.insert(tables.end(), info->tables.begin(), info->tables.end());
  return tables;
}

Result<void> check_settings(const Settings& settings) {
  for (const auto& [name, value] : settings.all()) {
    const std::string table = name.substr(0, name.find('.'));
    const std::string option = name.substr(table.size() + 1);
    const auto collectors = TRY(named(table));
    std::string options;
    bool known = false;
    for (const Option& candidate : collectors.front()->options) {
      known = known || candidate.name == option;
      options.append(options.empty() ? "" : " ").append(candidate.name);
    }
    if (!known)
      return Error{ErrorCode::invalid,
                   "table " + table + " has no option " + option +
                       (options.empty() ? std::string("; it has none") : "; it has: " + options)};
  }
  return {};
}

Result<std::vector<const CollectorInfo*>> select_collectors(std::string_view only,
                                                            std::string_view without) {
  const auto wanted = TRY(named(only));
  const auto unwanted = TRY(named(without));
  std::vector<const CollectorInfo*> selected;
  for (const CollectorInfo* info : kCollectors) {
    const bool always = std::ranges::find(kAlways, info->name()) != std::end(kAlways);
    const bool asked = only.empty() || std::ranges::find(wanted, info) != wanted.end();
    const bool left_out = std::ranges::find(unwanted, info) != unwanted.end();
    if (always || (asked && !left_out)) selected.push_back(info);
  }
  return selected;
}

}  // namespace tacho
