// SPDX-License-Identifier: Apache-2.0
#include "foreign/plan.h"

#include <algorithm>
#include <cctype>

#include "foreign/guess.h"

namespace tacho {
namespace {

// Names in a remark.
constexpr std::size_t kShownNames = 8;

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t index = 0; index < std::min(names.size(), kShownNames); ++index)
    text += (index == 0 ? "" : ", ") + names[index];
  if (names.size() > kShownNames)
    text += " and " + std::to_string(names.size() - kShownNames) + " more";
  return text;
}

bool is_number(Type type) { return type == Type::integer || type == Type::real; }

}  // namespace

FilePlan plan_of(const std::string& stem, const Survey& survey) {
#define FOREIGN_KIND(name) \
  if (auto plan = foreign_##name.plan(stem, survey)) return std::move(*plan);
#include "foreign/kinds.def"
#undef FOREIGN_KIND
  return {};
}

FileColumns::FileColumns(const Survey& survey) : survey_(survey) {
  for (std::size_t index = 0; index < survey.columns.size(); ++index)
    places_.emplace(survey.columns[index].name, index);
}

std::size_t FileColumns::take(std::string_view name, Type wanted) {
  const auto place = places_.find(std::string(name));
  if (place == places_.end()) return kNoSource;
  const std::size_t index = place->second;
  const Type type = survey_.columns[index].type_of();
  const bool fits = is_number(wanted) ? is_number(type) : wanted == type || is_number(type);
  if (!fits) return kNoSource;
  places_.erase(place);
  return index;
}

std::vector<std::size_t> FileColumns::rest() const {
  std::vector<std::size_t> indices;
  for (const auto& [name, index] : places_) indices.push_back(index);
  std::ranges::sort(indices);
  return indices;
}

std::optional<TablePlan> map_table(std::string name, std::string help,
                                   const std::vector<Mapped>& columns, FileColumns& left) {
  TablePlan table{.name = std::move(name), .help = std::move(help)};
  PlannedRow row;
  for (const Mapped& mapped : columns) {
    const std::size_t source = left.take(mapped.from, mapped.to.type);
    if (source == kNoSource) continue;
    table.columns.push_back(mapped.to);
    row.sources.push_back(source);
  }
  if (table.columns.empty()) return std::nullopt;
  table.rows.push_back(std::move(row));
  return table;
}

void append_rest(TablePlan& table, const Survey& survey, const FileColumns& left,
                 std::vector<std::string>& remarks) {
  std::vector<std::string> counters, keys;
  for (const std::size_t index : left.rest()) {
    PlannedColumn column = guessed_column(survey, index);
    // Another recording's stamps say nothing of which row is which.
    if (is_stamp_name(column.name)) column.kind = Kind::gauge;
    // A table's own names stay what they are, and so do the stamps.
    while (std::ranges::find(table.columns, column.name, &PlannedColumn::name) !=
               table.columns.end() ||
           is_stamp_name(column.name))
      column.name += "_";
    if (column.kind == Kind::counter) counters.push_back(column.name);
    if (column.kind == Kind::key) keys.push_back(column.name);
    table.columns.push_back(std::move(column));
    table.rows.front().sources.push_back(index);
  }
  if (!keys.empty())
    remarks.push_back("several rows have one time: " + list_of(keys) + " " +
                      (keys.size() == 1 ? "is" : "are") + " taken to say which row is which");
  if (!counters.empty())
    remarks.push_back("taken for counters by their names and because they only rise: " +
                      list_of(counters));
}

std::optional<TablePlan> rest_as_it_is(std::string name, std::string help, const Survey& survey,
                                       const FileColumns& left, std::vector<std::string>& remarks) {
  if (left.rest().empty()) return std::nullopt;
  TablePlan table{.name = std::move(name), .help = std::move(help)};
  table.rows.emplace_back();
  append_rest(table, survey, left, remarks);
  return table;
}

std::string table_name_of(std::string_view stem) {
  std::string name;
  for (const char c : stem.substr(0, 60)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0)
      name.push_back(static_cast<char>(std::tolower(byte)));
    else if (!name.empty() && name.back() != '_')
      name.push_back('_');
  }
  while (name.ends_with('_')) name.pop_back();
  return name.empty() ? "samples" : name;
}

}  // namespace tacho
