// SPDX-License-Identifier: Apache-2.0
#include "wide/source.h"

#include <algorithm>
#include <utility>

namespace tacho {
namespace {

using How = WideLine::How;

// Devices that are gone are forgotten when there are so many more than were seen last.
constexpr std::size_t kManyGone = 64;
// Idle time comes first among the columns of a line for busy time.
constexpr std::size_t kIdleColumns = 2;

// A recording may hold any number: sums and differences wrap.
std::int64_t plus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) + static_cast<std::uint64_t>(b));
}
std::int64_t minus(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b));
}

}  // namespace

void WideSource::add(const WideLine& line) {
  lines_.push_back(std::make_unique<BoundLine>());
  lines_.back()->line = &line;
}

std::size_t WideSource::index_of_line(const WideLine& line) const {
  const auto bound = std::ranges::find(lines_, &line, [](const auto& one) { return one->line; });
  return static_cast<std::size_t>(bound - lines_.begin());
}

WideValue& WideSource::value_of(const WideLine& line) { return lines_[index_of_line(line)]->value; }

WideSource::Named WideSource::value_of(const WideLine& line, std::size_t device) const {
  const std::size_t index = index_of_line(line);
  return {entities_[device]->names[index], &entities_[device]->values[index]};
}

// The places of the columns in a table, once.
void WideSource::bind(const Table& table) {
  if (bound_ == &table) return;
  bound_ = &table;
  const auto place = [&](std::string_view name) {
    return name.empty() ? -1 : index_of(table, name);
  };
  for (const auto& line : lines_) {
    std::ranges::transform(line->line->columns, line->indexes.begin(), place);
    line->where = place(line->line->where);
    line->entity = place(line->line->entity);
  }
  keys_.clear();
  for (std::size_t index = 0; index < table.columns.size(); ++index)
    if (table.columns[index].kind == Kind::key)
      keys_.push_back(static_cast<int>(kStampColumns + index));
}

WideSource::Entity& WideSource::entity_of(const RowView& row) {
  std::string key;
  for (const int column : keys_) {
    if (row.is_text(column))
      key.append(row.text(column));
    else
      key.append(std::to_string(row.word(column)));
    key.push_back('\n');
  }
  const auto [place, is_new] = known_.try_emplace(std::move(key), entities_.size());
  if (is_new) {
    auto entity = std::make_unique<Entity>();
    entity->last.resize(lines_.size());
    entity->values.resize(lines_.size());
    entity->names.resize(lines_.size());
    entities_.push_back(std::move(entity));
  }
  return *entities_[place->second];
}

bool WideSource::observe(const Rows& rows) {
  bind(rows.table());
  passed_ = turn_ == 0 ? 0 : minus(rows.stamp().boottime, boottime_);
  boottime_ = rows.stamp().boottime;
  ++turn_;
  for (const auto& line : lines_) {
    line->sum.reset();
    line->rate.reset();
    line->value.word.reset();
  }
  for (const auto& entity : entities_)
    for (WideValue& value : entity->values) value.word.reset();
  bool has_new = false;
  RowView view(rows);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    view.move_to(row);
    has_new = take_row(view) || has_new;
  }
  for (const auto& line : lines_) {
    if (line->sum) line->value.set(*line->sum / line->line->divisor);
    if (line->rate) line->value.set(*line->rate);
    keep(*line->line, line->value);
  }
  forget_gone(rows.size());
  return has_new;
}

void WideSource::keep(const WideLine& line, WideValue& value) const {
  value.good_until = line.keeps.count() == 0 ? 0 : plus(boottime_, line.keeps.count());
}

bool WideSource::take_row(const RowView& row) {
  Entity& entity = entity_of(row);
  const bool is_first = entity.turn == 0 || entity.turn + 1 != turn_ || passed_ <= 0;
  bool has_new = false;
  for (std::size_t index = 0; index < lines_.size(); ++index) {
    BoundLine& line = *lines_[index];
    if (line.where >= 0 && row.text(line.where) != line.line->is) continue;
    Counters now;
    std::ranges::transform(line.indexes, now.begin(),
                           [&](int column) { return row.integer(column); });
    Counters before = std::exchange(entity.last[index], now);
    if (is_first) before = {};
    if (line.line->entity.empty()) {
      add_up(line, row, now, before);
      continue;
    }
    take_value(line, row, now, before, entity.values[index]);
    keep(*line.line, entity.values[index]);
    std::string& name = entity.names[index];
    if (!name.empty() || row.is_null(line.entity)) continue;
    name = row.is_text(line.entity) ? std::string(row.text(line.entity))
                                    : std::to_string(row.word(line.entity));
    has_new = true;
  }
  entity.turn = turn_;
  return has_new;
}

// A line for the whole table: sums over its rows, else the last one.
void WideSource::add_up(BoundLine& line, const RowView& row, const Counters& now,
                        const Counters& before) {
  if (line.line->how == How::sum) {
    if (now[0]) line.sum = plus(line.sum.value_or(0), *now[0]);
  } else if (line.line->how == How::rate) {
    if (const auto grown = growth(now[0], before[0]))
      line.rate = line.rate.value_or(0) + per_second(*grown, *line.line);
  } else {
    take_value(line, row, now, before, line.value);
  }
}

double WideSource::per_second(std::int64_t grown, const WideLine& line) const {
  return static_cast<double>(grown) * 1e9 / static_cast<double>(passed_) /
         static_cast<double>(line.divisor);
}

void WideSource::take_value(const BoundLine& line, const RowView& row, const Counters& now,
                            const Counters& before, WideValue& value) const {
  switch (line.line->how) {
    case How::less:
      if (now[0] && now[1]) value.set(minus(*now[0], *now[1]));
      break;
    case How::percent:
      if (now[0] && now[1] && *now[1] > 0)
        value.set(100.0 * static_cast<double>(*now[0]) / static_cast<double>(*now[1]));
      break;
    case How::rate:
      if (const auto grown = growth(now[0], before[0])) value.set(per_second(*grown, *line.line));
      break;
    case How::busy:
      if (const auto share = busy_percent(now, before)) value.set(*share);
      break;
    default:
      take_as_it_is(line, row, value);
  }
}

void WideSource::take_as_it_is(const BoundLine& line, const RowView& row, WideValue& value) {
  const int column = line.indexes[0];
  if (row.is_null(column)) return;
  const std::int64_t divisor = line.line->divisor;
  if (line.line->type == Type::text) {
    value.text = row.text(column);
    value.word = 0;
  } else if (line.line->type == Type::real) {
    if (const auto real = row.real(column)) value.set(*real / static_cast<double>(divisor));
  } else if (const auto integer = row.integer(column)) {
    value.set(*integer / divisor);
  }
}

// The growth of a counter since the row before; none where it is not known or began anew.
std::optional<std::int64_t> WideSource::growth(const std::optional<std::int64_t>& now,
                                               const std::optional<std::int64_t>& before) {
  if (!now || !before || *now < *before) return std::nullopt;
  const std::int64_t grown = minus(*now, *before);
  return grown < 0 ? std::nullopt : std::optional(grown);
}

// Idle time is an estimate that can fall a little; the share of the time that passed cannot.
std::optional<double> WideSource::busy_percent(const Counters& now, const Counters& before) {
  double idle = 0, total = 0;
  for (std::size_t index = 0; index < now.size(); ++index) {
    const auto passed = static_cast<double>(growth(now[index], before[index]).value_or(0));
    total += passed;
    if (index < kIdleColumns) idle += passed;
  }
  if (total <= 0) return std::nullopt;
  return 100 * (total - idle) / total;
}

// Those that have columns stay: their columns point to them.
void WideSource::forget_gone(std::size_t rows) {
  const bool has_columns =
      std::ranges::any_of(lines_, [](const auto& line) { return !line->line->entity.empty(); });
  if (has_columns || entities_.size() < rows + kManyGone) return;
  std::vector<std::unique_ptr<Entity>> left;
  for (auto place = known_.begin(); place != known_.end();) {
    std::unique_ptr<Entity>& entity = entities_[place->second];
    if (entity->turn != turn_) {
      place = known_.erase(place);
      continue;
    }
    place->second = left.size();
    left.push_back(std::move(entity));
    ++place;
  }
  entities_ = std::move(left);
}

}  // namespace tacho
