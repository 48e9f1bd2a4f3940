// SPDX-License-Identifier: Apache-2.0
// How the columns of a foreign file become tables. A kind of file is one .cc and one line in
// kinds.def.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "foreign/survey.h"
#include "schema/table.h"

namespace tacho {

// A column of a table: value = file's value * multiply / divide.
struct PlannedColumn {
  std::string name;
  Type type = Type::integer;
  Kind kind = Kind::gauge;
  std::string unit;  // UCUM; "{MB}" and the like where the file's own unit stays
  std::string help;
  std::string otel = {};
  double multiply = 1, divide = 1;
  std::optional<double> missing = std::nullopt;  // what the program writes where it knows nothing
};

// One row of the table for each row of the file.
struct PlannedRow {
  std::vector<std::string> keys;     // of key_columns
  std::vector<std::size_t> sources;  // of columns: the file's column, or kNoSource
};
inline constexpr std::size_t kNoSource = SIZE_MAX;

struct TablePlan {
  std::string name, help;
  std::string scope = "machine";
  // Keys that stand in the names of the file's columns ("cpu_3_utilization"): text or integer.
  std::vector<PlannedColumn> key_columns = {};
  std::vector<PlannedColumn> columns = {};
  std::vector<PlannedRow> rows = {};
  // Every entity that is there has a row at every time: one without has gone.
  bool is_filled = true;
};

struct FilePlan {
  std::string what;  // "a wide file of system_tracer"
  std::vector<TablePlan> tables;
  std::vector<std::string> remarks = {};  // what was guessed
};

// A kind of file: what becomes of it, or nothing when it is none.
struct FileKind {
  std::optional<FilePlan> (*plan)(const std::string& stem, const Survey& survey);
};
#define FOREIGN_KIND(name) extern const FileKind foreign_##name;
#include "foreign/kinds.def"
#undef FOREIGN_KIND

// By the first kind that takes it.
FilePlan plan_of(const std::string& stem, const Survey& survey);

// For the kinds.

// The file's columns by name, for numbers (and one for texts) to be taken off.
class FileColumns {
 public:
  explicit FileColumns(const Survey& survey);
  // Its number, and it is taken; kNoSource when there is none, or it is no number where one is
  // wanted.
  std::size_t take(std::string_view name, Type wanted);
  std::size_t take_number(std::string_view name) { return take(name, Type::real); }
  bool has(std::string_view name) const { return places_.contains(std::string(name)); }
  // Those that are left, in the order of the file.
  std::vector<std::size_t> rest() const;
  const std::vector<SurveyedColumn>& all() const { return survey_.columns; }

 private:
  const Survey& survey_;
  std::map<std::string, std::size_t> places_;  // of those that are left
};

// A table of one row for each row of the file: columns that the file has not are left out.
struct Mapped {
  std::string_view from;
  PlannedColumn to;
};
std::optional<TablePlan> map_table(std::string name, std::string help,
                                   const std::vector<Mapped>& columns, FileColumns& left);
// The rest of the columns as they are, kinds and units guessed by name and values; what was guessed
// is added to `remarks`. Nothing when nothing is left.
std::optional<TablePlan> rest_as_it_is(std::string name, std::string help, const Survey& survey,
                                       const FileColumns& left, std::vector<std::string>& remarks);
// The same, appended to a table of one row for each row of the file.
void append_rest(TablePlan& table, const Survey& survey, const FileColumns& left,
                 std::vector<std::string>& remarks);
// "nix-store" -> "nix_store": a table's name.
std::string table_name_of(std::string_view stem);

}  // namespace tacho
