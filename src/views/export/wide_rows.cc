// SPDX-License-Identifier: Apache-2.0
#include "views/export/wide_rows.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "schema/rows.h"
#include "wide/mapping.h"
#include "wide/row_builder.h"

namespace tacho {
namespace {

constexpr std::uint64_t kNoTick = std::numeric_limits<std::uint64_t>::max();

// One table, read tick by tick into rows as a collector makes them.
class TableRows {
 public:
  static Result<std::unique_ptr<TableRows>> open(const Recording& recording,
                                                 std::string_view table) {
    auto rows = std::make_unique<TableRows>();
    rows->name_ = table;
    const auto wanted = wide_columns_of(table);
    std::vector<std::string> columns = {"tick", "time", "boottime"};
    for (const ColumnInfo& column : columns_of(*TRY(recording.schema(table)))) {
      const bool is_key = column.kind == Kind::key;
      if (column.is_stamp() || !column.type || *column.type == Type::timestamp) continue;
      if (!is_key && std::ranges::find(wanted, column.name) == wanted.end()) continue;
      columns.push_back(column.name);
      rows->infos_.push_back(column);
    }
    for (const ColumnInfo& info : rows->infos_)
      rows->columns_.push_back({.name = info.name, .type = *info.type, .kind = info.kind});
    rows->table_ = {.name = rows->name_, .columns = rows->columns_};
    rows->rows_.emplace(rows->table_);
    rows->stream_ = TRY(recording.scan(table, {.columns = std::move(columns)}));
    TRY(rows->load());
    return rows;
  }

  // Of the rows that `take` would give; kNoTick at the end.
  std::uint64_t tick() const { return batch_ ? ticks_.word(row_) : kNoTick; }

  // All rows of tick().
  Result<const Rows*> take() {
    const std::uint64_t tick = this->tick();
    rows_->begin({.tick = tick,
                  .time = static_cast<std::int64_t>(times_.word(row_)),
                  .boottime = boottimes_.integer(row_)});
    while (this->tick() == tick && batch_) {
      rows_->start_row();
      for (std::size_t column = 0; column < views_.size(); ++column) set(column);
      rows_->finish_row();
      ++row_;
      TRY(load());
    }
    return &*rows_;
  }

 private:
  void set(std::size_t column) {
    const ColumnView& view = views_[column];
    if (view.is_null(row_)) return;
    if (columns_[column].type == Type::text)
      rows_->set(column, view.text(row_));
    else if (columns_[column].type == Type::real)
      rows_->set(column, view.real(row_));
    else
      rows_->set(column, view.word(row_));
  }

  // The next batch, when the one before is used up.
  Result<void> load() {
    while (!batch_ || row_ >= row_count(*batch_)) {
      batch_ = TRY(stream_->next());
      row_ = 0;
      if (!batch_) return {};
      ticks_ = ColumnView(*batch_, "tick");
      times_ = ColumnView(*batch_, "time");
      boottimes_ = ColumnView(*batch_, "boottime");
      views_.clear();
      for (const ColumnInfo& info : infos_) views_.emplace_back(*batch_, info.name);
    }
    return {};
  }

  std::string name_;
  std::vector<ColumnInfo> infos_;
  std::vector<Column> columns_;  // its names are those of infos_
  Table table_{};
  std::optional<Rows> rows_;
  Stream stream_;
  Batch batch_;
  std::int64_t row_ = 0;
  ColumnView ticks_, times_, boottimes_;
  std::vector<ColumnView> views_;
};

}  // namespace

struct WideReader::State {
  RowBuilder builder;
  std::vector<std::unique_ptr<TableRows>> tables;  // the first has the ticks
};

WideReader::WideReader(std::unique_ptr<State> state) : state_(std::move(state)) {}
WideReader::WideReader(WideReader&&) noexcept = default;
WideReader::~WideReader() = default;

Result<WideReader> WideReader::open(const Recording& recording) {
  if (!recording.has_table(kWideTicks))
    return Error{ErrorCode::absent,
                 recording.path() + " has no table 'system', which says what ticks there were"};
  auto state = std::make_unique<State>();
  for (const std::string_view table : wide_tables())
    if (recording.has_table(table)) state->tables.push_back(TRY(TableRows::open(recording, table)));
  return WideReader(std::move(state));
}

Result<bool> WideReader::next(WideRow& row, std::uint64_t& tick) {
  State& state = *state_;
  tick = state.tables.front()->tick();
  if (tick == kNoTick) return false;
  for (const auto& table : state.tables)
    while (table->tick() <= tick && table->tick() != kNoTick)
      state.builder.observe(*TRY(table->take()));
  return state.builder.finish(row);
}

const std::vector<WideColumn>& WideReader::columns() const { return state_->builder.columns(); }

Result<std::vector<WideColumn>> wide_columns(const Recording& recording) {
  WideReader rows = TRY(WideReader::open(recording));
  WideRow row;
  std::uint64_t tick = 0;
  while (TRY(rows.next(row, tick))) continue;
  return rows.columns();
}

}  // namespace tacho
