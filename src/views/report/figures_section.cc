// SPDX-License-Identifier: Apache-2.0
// Of another program's file, the figures that no other section knows: each column's lowest, mean
// and highest value, and what counters grew by.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/saturating.h"
#include "views/report/section.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

// Tables that other sections tell about.
constexpr std::string_view kToldElsewhere[] = {
    "system",  "memory", "cpu",  "disk",         "network",  "filesystem",
    "process", "event",  "self", "process_info", "pressure", "process_exit"};
// Lines of a table; the rest is counted.
constexpr std::size_t kShownLines = 60;

struct Line {
  std::string entity;
  ColumnInfo column;
  ColumnFigures figures;
};

// Three digits behind the point where the number is small, none where it is large.
std::string number_text(double value) {
  const double size = std::fabs(value);
  if (size >= 1e15 || (size > 0 && size < 0.001)) return fmt::format("{:.3g}", value);
  std::string text = fmt::format("{:.{}f}", value,
                                 size >= 1000  ? 0
                                 : size >= 100 ? 1
                                 : size >= 10  ? 2
                                               : 3);
  if (text.find('.') != std::string::npos) text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

std::string value_text(const ColumnInfo& column, double value, std::string_view per = "") {
  const bool is_bytes = column.unit == "By" || column.unit == "By/s";
  if (is_bytes)
    return (value < 0 ? "-" : "") + format_size(static_cast<std::int64_t>(std::fabs(value))) +
           (column.unit == "By/s" ? "/s" : std::string(per));
  if (column.unit == "1" && column.name.ends_with("utilization")) return percent(value);
  std::string unit = column.unit == "Cel" ? "°C" : column.unit == "1" ? "" : column.unit;
  std::erase_if(unit, [](char c) { return c == '{' || c == '}'; });
  if (unit.starts_with("1/")) unit.erase(0, 1);
  return number_text(value) + (unit.empty() || unit.starts_with('/') ? "" : " ") + unit +
         std::string(per);
}

// With the date where the file is longer than a day.
std::string moment_text(const ReportContext& context, std::int64_t time) {
  const RecordingFacts& facts = context.recording.facts();
  constexpr std::int64_t kDay = std::int64_t{86'400} * 1'000'000'000;
  if (saturating_difference(facts.end_time.value_or(facts.start_time), facts.start_time) < kDay)
    return format_clock_time(Nanoseconds(time), context.zone);
  return Moments(context.zone, Nanoseconds(time)).text(Nanoseconds(time), 0);
}

// What the rows within the report's range tell, for each entity.
class Figures {
 public:
  Figures(const ReportContext& context, std::string table, std::vector<ColumnInfo> columns)
      : context_(context), table_(std::move(table)), columns_(std::move(columns)) {}

  Result<std::vector<Line>> read() {
    std::vector<std::string> names = {"boottime", "time"};
    for (const ColumnInfo& column : columns_) names.push_back(column.name);
    TRY(each_row(context_, table_, names,
                 [&](const ColumnViews& at, std::int64_t row) { add(at, row); }));
    std::vector<Line> lines;
    for (auto& [entity, states] : entities_)
      for (std::size_t index = 0; index < columns_.size(); ++index) {
        State& state = states[index];
        if (state.figures.count == 0) continue;
        state.figures.mean /= static_cast<double>(state.figures.count);
        state.figures.grown = static_cast<double>(state.trace.grown());
        state.figures.steepest = state.trace.steepest();
        state.figures.steepest_time = state.trace.steepest_time();
        lines.push_back({entity, columns_[index], state.figures});
      }
    return lines;
  }

 private:
  struct State {
    ColumnFigures figures;
    CounterTrace trace;
  };
  // Of so many entities nobody reads the figures, and a hostile file must not fill memory.
  static constexpr std::size_t kMostEntities = 1000;

  void add(const ColumnViews& at, std::int64_t row) {
    std::string entity;
    for (std::size_t index = 0; index < columns_.size(); ++index)
      if (columns_[index].kind == Kind::key) {
        const ColumnView& view = at[index + 2];
        const std::string part = columns_[index].type == Type::text
                                     ? std::string(view.text(row))
                                     : fmt::format("{}", view.integer(row));
        entity += (entity.empty() ? "" : " ") + part;
      }
    if (entities_.size() >= kMostEntities && !entities_.contains(entity)) return;
    auto& states = entities_[entity];
    states.resize(columns_.size());
    const std::int64_t boottime = at[0].integer(row), time = at[1].integer(row);
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      if (columns_[index].kind == Kind::key || at[index + 2].is_null(row)) continue;
      see(states[index], columns_[index], boottime, time, at[index + 2], row);
    }
  }

  static void see(State& state, const ColumnInfo& column, std::int64_t boottime, std::int64_t time,
                  const ColumnView& view, std::int64_t row) {
    const double value = view.real(row);
    ColumnFigures& figures = state.figures;
    if (figures.count == 0 || value < figures.low) figures.low = value, figures.low_time = time;
    if (figures.count == 0 || value > figures.high) figures.high = value, figures.high_time = time;
    ++figures.count;
    figures.mean += value;
    figures.last = value;
    if (column.kind == Kind::counter) state.trace.add(boottime, time, view.find_integer(row));
  }

  const ReportContext& context_;
  std::string table_;
  std::vector<ColumnInfo> columns_;
  std::map<std::string, std::vector<State>> entities_;
};

// From the opening of the file where it has shown them, else by reading the rows.
Result<std::vector<Line>> lines_of(const ReportContext& context, const std::string& table) {
  std::vector<ColumnInfo> columns = columns_of(*TRY(context.recording.schema(table)));
  std::erase_if(columns, [](const ColumnInfo& column) {
    const bool is_measured = column.kind == Kind::gauge || column.kind == Kind::counter;
    return column.is_stamp() || (column.kind != Kind::key && (!is_measured || !is_number(column)));
  });
  const auto known = TRY(known_figures(context, table));
  if (known.empty()) return Figures(context, table, columns).read();
  std::vector<Line> lines;
  for (const ColumnFigures& figures : known) {
    const auto column = std::ranges::find(columns, figures.column, &ColumnInfo::name);
    if (column != columns.end()) lines.push_back({figures.entity, *column, figures});
  }
  return lines;
}

void print_gauges(const ReportContext& context, const std::vector<Line>& lines, bool has_entity,
                  Output& output) {
  TextTable table;
  if (has_entity) table.add_column("OF", Align::left, 40);
  table.add_column("COLUMN", Align::left, 40);
  for (const char* title : {"LOWEST", "AT", "MEAN", "HIGHEST", "AT", "LAST"})
    table.add_column(title, Align::right);
  std::size_t shown = 0;
  for (const Line& line : lines) {
    if (line.column.kind != Kind::gauge || ++shown > kShownLines) continue;
    const ColumnFigures& figures = line.figures;
    std::vector<std::string> cells;
    if (has_entity) cells.push_back(line.entity);
    const bool is_constant = figures.low == figures.high;
    const auto clock = [&](std::int64_t time) {
      return is_constant ? "" : moment_text(context, time);
    };
    cells.insert(cells.end(),
                 {line.column.name, value_text(line.column, figures.low), clock(figures.low_time),
                  value_text(line.column, figures.mean), value_text(line.column, figures.high),
                  clock(figures.high_time), value_text(line.column, figures.last)});
    table.add_row(std::move(cells));
  }
  if (shown > 0) table.print(output, "  ");
  if (shown > kShownLines) output.write(fmt::format("  ... and {} more\n", shown - kShownLines));
}

void print_counters(const ReportContext& context, const std::vector<Line>& lines, bool has_entity,
                    Output& output) {
  TextTable table;
  if (has_entity) table.add_column("OF", Align::left, 40);
  table.add_column("COUNTER", Align::left, 40);
  for (const char* title : {"GREW BY", "FASTEST", "AT", "LAST"})
    table.add_column(title, Align::right);
  std::size_t shown = 0;
  for (const Line& line : lines) {
    if (line.column.kind != Kind::counter || ++shown > kShownLines) continue;
    const ColumnFigures& figures = line.figures;
    std::vector<std::string> cells;
    if (has_entity) cells.push_back(line.entity);
    const bool has_grown = figures.steepest > 0;
    cells.insert(cells.end(), {line.column.name, value_text(line.column, figures.grown),
                               has_grown ? value_text(line.column, figures.steepest, "/s") : "",
                               has_grown ? moment_text(context, figures.steepest_time) : "",
                               value_text(line.column, figures.last)});
    table.add_row(std::move(cells));
  }
  if (shown > 0) table.print(output, "  ");
  if (shown > kShownLines) output.write(fmt::format("  ... and {} more\n", shown - kShownLines));
}

}  // namespace

Result<void> report_figures(const ReportContext& context, Output& output) {
  if (!context.recording.is_foreign()) return {};
  for (const std::string& table : context.recording.table_names()) {
    if (std::ranges::find(kToldElsewhere, table) != std::end(kToldElsewhere)) continue;
    const auto lines = TRY(lines_of(context, table));
    if (lines.empty()) continue;
    heading(output, table);
    const bool has_entity =
        std::ranges::any_of(lines, [](const Line& line) { return !line.entity.empty(); });
    print_gauges(context, lines, has_entity, output);
    print_counters(context, lines, has_entity, output);
    TRY(output.flush());
  }
  return {};
}

}  // namespace tacho
