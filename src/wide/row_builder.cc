// SPDX-License-Identifier: Apache-2.0
#include "wide/row_builder.h"

#include <algorithm>
#include <bit>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "wide/living.h"
#include "wide/row_view.h"

namespace tacho {
namespace {

using How = WideLine::How;

// Columns beyond this are not made: a machine on which containers come and go all day would make a
// file that nothing opens.
constexpr std::size_t kMostColumns = 4096;
// Devices that are gone are forgotten when there are so many more than were seen last.
constexpr std::size_t kManyGone = 64;

// A value that waits for the end of the tick.
struct Pending {
  std::optional<std::uint64_t> word;
  std::string text;
  std::int64_t good_until = 0;  // boottime; 0: for this tick alone

  void set(std::int64_t value) { word = std::bit_cast<std::uint64_t>(value); }
  void set(double value) { word = std::bit_cast<std::uint64_t>(value); }
};

// A line, with the places of its columns in the table that is there.
struct BoundLine {
  const WideLine* line = nullptr;
  std::size_t in_source = 0;  // its number among the lines of its table
  std::array<int, WideLine::kMostColumns> indexes{};
  int where = -1, entity = -1;
  // Over the rows of a tick.
  std::optional<std::int64_t> sum;
  std::optional<double> rate;
};

using Counters = std::array<std::optional<std::int64_t>, WideLine::kMostColumns>;

// What of a device's last row is needed for rates, and its values of now.
struct Entity {
  std::uint64_t turn = 0;
  bool is_new = true;
  std::vector<Counters> last;       // by line of the source
  std::vector<Pending> values;      // by line of the source; of lines for each entity
  std::vector<std::string> names;   // the same: what "{}" stands for
};

struct Source {
  std::string_view table;
  std::vector<BoundLine> lines;
  std::vector<Pending> values;  // by line; of lines for the whole table
  const Table* bound = nullptr;
  std::vector<int> keys;
  std::unordered_map<std::string, std::size_t> known;
  std::vector<std::unique_ptr<Entity>> entities;  // in the order in which they came
  std::uint64_t turn = 0;
  std::int64_t boottime = 0, passed = 0;  // of the last rows; since those before
};

// The growth of a counter since the row before; none where it is not known or began anew.
std::optional<std::int64_t> growth(const std::optional<std::int64_t>& now,
                                   const std::optional<std::int64_t>& before) {
  if (!now || !before || *now < *before) return std::nullopt;
  return *now - *before;
}

// Idle time is an estimate that can fall a little; the share of the time that passed cannot.
std::optional<double> busy_percent(const Counters& now, const Counters& before) {
  double idle = 0, total = 0;
  for (std::size_t index = 0; index < now.size(); ++index) {
    if (!now[index] || !before[index]) continue;
    const auto passed = static_cast<double>(std::max<std::int64_t>(*now[index] - *before[index], 0));
    total += passed;
    if (index < 2) idle += passed;
  }
  if (total <= 0) return std::nullopt;
  return 100 * (total - idle) / total;
}

}  // namespace

struct RowBuilder::State {
  std::vector<Source> sources;
  std::optional<LivingProcesses> living;
  std::vector<std::pair<const WideLine*, Pending>> of_processes;
  std::span<const WideLine> lines;
  std::vector<WideColumn> columns;
  std::vector<Pending*> places;  // of the columns
  std::optional<std::int64_t> time;
  std::int64_t boottime = 0;
  bool has_new = true, full = false;

  explicit State(std::span<const WideLine> all) : lines(all) {
    for (const WideLine& line : all) {
      if (line.is_of_processes()) {
        if (!line.columns[0].empty()) living.emplace(line.columns[0], line.columns[1]);
        of_processes.emplace_back(&line, Pending{});
        continue;
      }
      Source& source = source_of(line.table);
      source.lines.push_back({.line = &line, .in_source = source.lines.size()});
    }
    for (Source& source : sources) source.values.resize(source.lines.size());
  }

  Source& source_of(std::string_view table) {
    const auto found = std::ranges::find(sources, table, &Source::table);
    if (found != sources.end()) return *found;
    sources.push_back({.table = table});
    return sources.back();
  }

  // The places of the columns in a table, once.
  static void bind(Source& source, const Table& table) {
    if (source.bound == &table) return;
    source.bound = &table;
    for (BoundLine& line : source.lines) {
      for (std::size_t index = 0; index < line.indexes.size(); ++index)
        line.indexes[index] = line.line->columns[index].empty() ? -1 : index_of(table, line.line->columns[index]);
      line.where = line.line->where.empty() ? -1 : index_of(table, line.line->where);
      line.entity = line.line->entity.empty() ? -1 : index_of(table, line.line->entity);
    }
    source.keys.clear();
    for (std::size_t index = 0; index < table.columns.size(); ++index)
      if (table.columns[index].kind == Kind::key) source.keys.push_back(static_cast<int>(kStampColumns + index));
  }

  Entity& entity_of(Source& source, const RowView& row) {
    std::string key;
    for (const int column : source.keys) {
      if (row.is_text(column)) key.append(row.text(column));
      else key.append(std::to_string(row.word(column)));
      key.push_back('\n');
    }
    const auto [place, is_new] = source.known.try_emplace(std::move(key), source.entities.size());
    if (is_new) {
      auto entity = std::make_unique<Entity>();
      entity->last.resize(source.lines.size());
      entity->values.resize(source.lines.size());
      entity->names.resize(source.lines.size());
      source.entities.push_back(std::move(entity));
    }
    return *source.entities[place->second];
  }

  void observe(Source& source, const Rows& rows) {
    bind(source, rows.table());
    source.passed = source.turn == 0 ? 0 : rows.stamp().boottime - source.boottime;
    source.boottime = rows.stamp().boottime;
    ++source.turn;
    for (BoundLine& line : source.lines) {
      line.sum.reset();
      line.rate.reset();
      source.values[line.in_source].word.reset();
    }
    for (const auto& entity : source.entities)
      for (Pending& value : entity->values) value.word.reset();
    RowView view(rows);
    for (std::size_t row = 0; row < rows.size(); ++row) {
      view.move_to(row);
      take_row(source, view);
    }
    for (BoundLine& line : source.lines) {
      Pending& value = source.values[line.in_source];
      if (line.sum) value.set(*line.sum / line.line->divisor);
      if (line.rate) value.set(*line.rate);
      keep(source, *line.line, value);
    }
    forget_gone(source, rows.size());
  }

  static void keep(const Source& source, const WideLine& line, Pending& value) {
    value.good_until = line.keeps.count() == 0 ? 0 : source.boottime + line.keeps.count();
  }

  void take_row(Source& source, const RowView& row) {
    Entity& entity = entity_of(source, row);
    const bool is_first = entity.turn + 1 != source.turn || entity.turn == 0 || source.passed <= 0;
    for (BoundLine& line : source.lines) {
      if (line.where >= 0 && row.text(line.where) != line.line->is) continue;
      Counters now;
      for (std::size_t index = 0; index < now.size(); ++index) now[index] = row.integer(line.indexes[index]);
      const Counters before = std::exchange(entity.last[line.in_source], now);
      if (line.line->entity.empty()) {
        add_up(source, line, row, now, is_first ? Counters{} : before);
        continue;
      }
      Pending& value = entity.values[line.in_source];
      take_value(source, line, row, now, is_first ? Counters{} : before, value);
      keep(source, *line.line, value);
      name(entity, line, row);
    }
    entity.turn = source.turn;
  }

  void name(Entity& entity, const BoundLine& line, const RowView& row) {
    std::string& name = entity.names[line.in_source];
    if (!name.empty()) return;
    name = row.is_text(line.entity) ? std::string(row.text(line.entity)) : std::to_string(row.word(line.entity));
    has_new = has_new || !name.empty();
  }

  // A line for the whole table: sums over its rows, else the last one.
  static void add_up(Source& source, BoundLine& line, const RowView& row, const Counters& now,
                     const Counters& before) {
    if (line.line->how == How::sum && now[0]) line.sum = line.sum.value_or(0) + *now[0];
    if (line.line->how == How::rate) {
      if (const auto grown = growth(now[0], before[0]))
        line.rate = line.rate.value_or(0) + per_second(*grown, source, line);
    }
    if (line.line->how != How::sum && line.line->how != How::rate)
      take_value(source, line, row, now, before, source.values[line.in_source]);
  }

  static double per_second(std::int64_t grown, const Source& source, const BoundLine& line) {
    return static_cast<double>(grown) * 1e9 / static_cast<double>(source.passed) /
           static_cast<double>(line.line->divisor);
  }

  static void take_value(const Source& source, const BoundLine& line, const RowView& row,
                         const Counters& now, const Counters& before, Pending& value) {
    switch (line.line->how) {
      case How::less:
        if (now[0] && now[1]) value.set(*now[0] - *now[1]);
        break;
      case How::percent:
        if (now[0] && now[1] && *now[1] > 0)
          value.set(100.0 * static_cast<double>(*now[0]) / static_cast<double>(*now[1]));
        break;
      case How::rate:
        if (const auto grown = growth(now[0], before[0])) value.set(per_second(*grown, source, line));
        break;
      case How::busy:
        if (const auto share = busy_percent(now, before)) value.set(*share);
        break;
      default:
        take_as_it_is(line, row, value);
    }
  }

  static void take_as_it_is(const BoundLine& line, const RowView& row, Pending& value) {
    const int column = line.indexes[0];
    if (row.is_null(column)) return;
    const auto divisor = line.line->divisor;
    if (line.line->type == Type::text) {
      value.text = row.text(column);
      value.word = 0;
    } else if (line.line->type == Type::real) {
      value.set(row.real(column).value_or(0) / static_cast<double>(divisor));
    } else {
      value.set(row.integer(column).value_or(0) / divisor);
    }
  }

  // Those that have columns stay: their columns point to them.
  static void forget_gone(Source& source, std::size_t rows) {
    const bool has_columns = std::ranges::any_of(
        source.lines, [](const BoundLine& line) { return !line.line->entity.empty(); });
    if (has_columns || source.entities.size() < rows + kManyGone) return;
    std::vector<std::unique_ptr<Entity>> left;
    for (auto place = source.known.begin(); place != source.known.end();) {
      std::unique_ptr<Entity>& entity = source.entities[place->second];
      if (entity->turn != source.turn) {
        place = source.known.erase(place);
        continue;
      }
      place->second = left.size();
      left.push_back(std::move(entity));
      ++place;
    }
    source.entities = std::move(left);
  }

  void fill_processes() {
    if (!living) return;
    const auto sums = living->sums();
    for (auto& [line, value] : of_processes) {
      value.word.reset();
      if (!sums) continue;
      if (line->how == How::living) value.set(sums->count);
      if (line->how == How::living_sum && sums->sum) value.set(*sums->sum);
      if (line->how == How::living_most && sums->most) value.set(*sums->most);
      if (line->how == How::living_most_name && sums->most) {
        value.word = 0;
        value.text = sums->most_name;
      }
    }
  }

  bool has_column(std::string_view name) const {
    return std::ranges::find(columns, name, &WideColumn::name) != columns.end();
  }

  void add_column(std::string name, const WideLine& line, Pending& value) {
    if (has_column(name)) return;
    full = full || columns.size() >= kMostColumns;
    if (full) return;
    columns.push_back({.name = std::move(name), .type = line.type, .unit = line.unit, .help = line.help});
    places.push_back(&value);
  }

  // Lines from `first` on that are for each entity of one table: device by device.
  std::size_t add_devices(std::size_t first) {
    std::size_t end = first;
    while (end < lines.size() && lines[end].table == lines[first].table && !lines[end].entity.empty()) ++end;
    Source& source = source_of(lines[first].table);
    for (const auto& entity : source.entities)
      for (const BoundLine& line : source.lines) {
        const auto index = static_cast<std::size_t>(line.line - lines.data());
        const std::string& name = entity->names[line.in_source];
        if (index < first || index >= end || name.empty()) continue;
        std::string whole(line.line->name);
        whole.replace(whole.find("{}"), 2, name);
        add_column(std::move(whole), *line.line, entity->values[line.in_source]);
      }
    return end;
  }

  Pending& place_of(const WideLine& line) {
    for (auto& [of, value] : of_processes)
      if (of == &line) return value;
    Source& source = source_of(line.table);
    const auto bound = std::ranges::find(source.lines, &line, &BoundLine::line);
    return source.values[bound->in_source];
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
      Pending& value = *places[index];
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
  if (table == kWideTicks && rows.size() > 0) {
    state.time = rows.stamp().time;
    state.boottime = rows.stamp().boottime;
  }
  const auto source = std::ranges::find(state.sources, table, &Source::table);
  if (source != state.sources.end() && rows.size() > 0) state.observe(*source, rows);
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
