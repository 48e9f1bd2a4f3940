// SPDX-License-Identifier: Apache-2.0
#include "wide/row_builder.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "wide/living.h"
#include "wide/source.h"

namespace tacho {
namespace {

using How = WideLine::How;

// Columns beyond this are not made: a machine on which containers come and go all day would make a
// file that nothing opens.
constexpr std::size_t kMostColumns = 4096;

}  // namespace

struct RowBuilder::State {
  std::span<const WideLine> lines;
  std::vector<std::unique_ptr<WideSource>> sources;
  std::optional<LivingProcesses> living;
  std::vector<std::pair<const WideLine*, std::unique_ptr<WideValue>>> of_processes;
  std::vector<WideColumn> columns;
  std::vector<WideValue*> places;  // of the columns
  std::optional<std::int64_t> time;
  std::int64_t boottime = 0;
  bool has_new = true, full = false;

  explicit State(std::span<const WideLine> all) : lines(all) {
    for (const WideLine& line : all) {
      if (line.is_of_processes()) {
        if (!line.columns[0].empty()) living.emplace(line.columns[0], line.columns[1]);
        of_processes.emplace_back(&line, std::make_unique<WideValue>());
        continue;
      }
      if (find(line.table) == nullptr) sources.push_back(std::make_unique<WideSource>(line.table));
      find(line.table)->add(line);
    }
  }

  WideSource* find(std::string_view table) const {
    const auto found =
        std::ranges::find(sources, table, [](const auto& source) { return source->table(); });
    return found == sources.end() ? nullptr : found->get();
  }

  void fill_processes() {
    if (!living) return;
    const auto sums = living->sums();
    for (auto& [line, value] : of_processes) {
      value->word.reset();
      if (!sums) continue;
      if (line->how == How::living) value->set(sums->count);
      if (line->how == How::living_sum && sums->sum) value->set(*sums->sum);
      if (line->how == How::living_most && sums->most) value->set(*sums->most);
      if (line->how == How::living_most_name && sums->most) {
        value->word = 0;
        value->text = sums->most_name;
      }
    }
  }

  void add_column(std::string name, const WideLine& line, WideValue& value) {
    if (std::ranges::find(columns, name, &WideColumn::name) != columns.end()) return;
    full = full || columns.size() >= kMostColumns;
    if (full) return;
    columns.push_back(
        {.name = std::move(name), .type = line.type, .unit = line.unit, .help = line.help});
    places.push_back(&value);
  }

  // Lines from `first` on that are for each device of one table: device by device. Where they end.
  std::size_t add_devices(std::size_t first) {
    std::size_t end = first;
    while (end < lines.size() && lines[end].table == lines[first].table &&
           !lines[end].entity.empty())
      ++end;
    const WideSource& source = *find(lines[first].table);
    for (std::size_t device = 0; device < source.devices(); ++device)
      for (std::size_t index = first; index < end; ++index) {
        const WideSource::Named named = source.value_of(lines[index], device);
        if (named.device.empty()) continue;
        std::string name(lines[index].name);
        name.replace(name.find("{}"), 2, named.device);
        add_column(std::move(name), lines[index], *named.value);
      }
    return end;
  }

  WideValue& place_of(const WideLine& line) {
    for (auto& [of, value] : of_processes)
      if (of == &line) return *value;
    return find(line.table)->value_of(line);
  }

  void add_columns() {
    if (!std::exchange(has_new, false)) return;
    for (std::size_t index = 0; index < lines.size();) {
      if (!lines[index].entity.empty()) {
        index = add_devices(index);
        continue;
      }
      add_column(std::string(lines[index].name), lines[index], place_of(lines[index]));
      ++index;
    }
  }

  void fill(WideRow& row) {
    row.time = *time;
    row.texts.clear();
    row.cells.resize(columns.size());
    for (std::size_t index = 0; index < columns.size(); ++index) {
      WideValue& value = *places[index];
      if (value.good_until != 0 && value.good_until < boottime) value.word.reset();
      row.cells[index] = {value.word.value_or(0), value.word.has_value()};
      if (value.word && columns[index].type == Type::text) {
        row.cells[index].word = row.texts.size();
        row.texts.push_back(value.text);
      }
      if (value.good_until == 0) value.word.reset();
    }
  }
};

RowBuilder::RowBuilder(std::span<const WideLine> lines) : state_(std::make_unique<State>(lines)) {}
RowBuilder::RowBuilder(RowBuilder&&) noexcept = default;
RowBuilder::~RowBuilder() = default;

void RowBuilder::observe(const Rows& rows) {
  State& state = *state_;
  const std::string_view table = rows.table().name;
  if (state.living) {
    if (table == wide_process::kFigures) return state.living->observe_figures(rows);
    if (table == wide_process::kInfo) return state.living->observe_info(rows);
    if (table == wide_process::kExit) return state.living->observe_exits(rows);
  }
  if (rows.size() == 0) return;
  if (table == kWideTicks) {
    state.time = rows.stamp().time;
    state.boottime = rows.stamp().boottime;
  }
  if (WideSource* source = state.find(table))
    state.has_new = source->observe(rows) || state.has_new;
}

bool RowBuilder::finish(WideRow& row) {
  State& state = *state_;
  if (!state.time) return false;
  state.fill_processes();
  state.add_columns();
  state.fill(row);
  state.time.reset();
  return true;
}

const std::vector<WideColumn>& RowBuilder::columns() const { return state_->columns; }
bool RowBuilder::is_full() const { return state_->full; }

}  // namespace tacho
