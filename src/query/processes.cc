// SPDX-License-Identifier: Apache-2.0
#include "query/processes.h"

#include <arrow/type.h>

#include <algorithm>
#include <map>

#include "query/entities.h"
#include "store/columns.h"

namespace tacho {
namespace {

// Every process has a row at least every 60 ticks; the tick of one that is due may have been
// missed.
constexpr std::uint64_t kKeyTicks = 60;
constexpr std::uint64_t kWarmUp = 2 * kKeyTicks + 2;
constexpr std::uint64_t kGone = 3 * kKeyTicks;
// Rows are handed on at the end of a tick when so many are there.
constexpr std::int64_t kOutputRows = 8192;

// The rows of a stream one by one.
class Cursor {
 public:
  explicit Cursor(Stream rows, const std::vector<std::string>& columns = {})
      : rows_(std::move(rows)), names_(columns) {}

  // Moves to the next row; false at the end.
  Result<bool> advance() {
    ++row_;
    while (rows_ && (!batch_ || row_ >= batch_->num_rows())) {
      batch_ = TRY(rows_->next());
      row_ = 0;
      if (!batch_) {
        rows_.reset();
        break;
      }
      tick_ = ColumnView(*batch_, "tick");
      process_ = ColumnView(*batch_, "process");
      columns_.clear();
      for (const std::string& name : names_) columns_.emplace_back(*batch_, name);
    }
    return batch_ != nullptr;
  }
  bool is_at_end() const { return batch_ == nullptr; }
  std::uint64_t tick() const { return tick_.word(row_); }
  std::uint64_t process() const { return process_.word(row_); }
  const std::vector<ColumnView>& columns() const { return columns_; }
  std::int64_t row() const { return row_; }

 private:
  Stream rows_;
  std::vector<std::string> names_;
  Batch batch_;
  std::int64_t row_ = -1;
  ColumnView tick_, process_;
  std::vector<ColumnView> columns_;
};

// The values of a row, kept.
struct KeptRow {
  struct Value {
    bool is_null = true;
    std::uint64_t word = 0;
    std::string text;
  };
  std::vector<Value> values;

  void keep(const Cursor& cursor) {
    values.resize(cursor.columns().size());
    for (std::size_t index = 0; index < values.size(); ++index) {
      const ColumnView& column = cursor.columns()[index];
      Value& value = values[index];
      value.is_null = column.is_null(cursor.row());
      if (column.type() == Type::text)
        value.text = column.text(cursor.row());
      else
        value.word = column.word(cursor.row());
    }
  }
};

struct Process {
  KeptRow figures, info;
  std::uint64_t last_turn = 0;
  bool has_figures = false;
};

// Names of the columns of `schema` that are not of the stamp and not in `but`.
std::vector<std::string> own_columns(const arrow::Schema& schema, const arrow::Schema* but) {
  std::vector<std::string> names;
  for (const ColumnInfo& column : columns_of(schema))
    if (!column.is_stamp() && column.type && (but == nullptr || !but->GetFieldByName(column.name)))
      names.push_back(column.name);
  return names;
}

struct Sources {
  Cursor ticks, figures, info, exits;
  std::vector<std::string> figure_columns, info_columns;
  Schema schema;
  std::uint64_t gone = kGone;  // without a row in more ticks than this it has ended
};

class ProcessStream final : public RowStream {
 public:
  explicit ProcessStream(Sources sources)
      : sources_(std::move(sources)), output_(sources_.schema) {}

  const Schema& schema() const override { return sources_.schema; }

  Result<Batch> next() override {
    while (output_.rows() < kOutputRows && TRY(sources_.ticks.advance())) {
      const std::uint64_t tick = sources_.ticks.tick();
      TRY(follow(tick));
      put(tick);
    }
    if (output_.rows() == 0) return Batch();
    return output_.finish();
  }

 private:
  // Takes in all rows up to and with `tick`.
  Result<void> follow(std::uint64_t tick) {
    if (!is_started_) {
      for (Cursor* cursor : {&sources_.figures, &sources_.info, &sources_.exits})
        TRY(cursor->advance());
      is_started_ = true;
    }
    Cursor& info = sources_.info;
    for (; !info.is_at_end() && info.tick() <= tick; TRY(info.advance()))
      alive_[info.process()].info.keep(info);
    Cursor& figures = sources_.figures;
    for (; !figures.is_at_end() && figures.tick() <= tick; TRY(figures.advance())) {
      if (figures.tick() != last_tick_) ++turn_;
      last_tick_ = figures.tick();
      Process& process = alive_[figures.process()];
      process.figures.keep(figures);
      process.has_figures = true;
      process.last_turn = turn_;
    }
    Cursor& exits = sources_.exits;
    for (; !exits.is_at_end() && exits.tick() <= tick; TRY(exits.advance()))
      alive_.erase(exits.process());
    std::erase_if(alive_, [this](const auto& entry) {
      return entry.second.has_figures && entry.second.last_turn + sources_.gone < turn_;
    });
    return {};
  }

  void put(std::uint64_t tick) {
    const Cursor& ticks = sources_.ticks;
    for (const auto& [number, process] : alive_) {
      if (!process.has_figures) continue;
      std::size_t column = 0;
      output_.column(column++).append_word(tick);
      for (const ColumnView& stamp : ticks.columns())
        output_.column(column++).append(stamp, ticks.row());
      put(process.figures, sources_.figure_columns.size(), column);
      put(process.info, sources_.info_columns.size(), column);
    }
  }

  void put(const KeptRow& row, std::size_t count, std::size_t& column) {
    for (std::size_t index = 0; index < count; ++index, ++column) {
      ColumnBuilder& builder = output_.column(column);
      if (index >= row.values.size() || row.values[index].is_null)
        builder.append_null();
      else if (builder.is_text())
        builder.append_text(row.values[index].text);
      else
        builder.append_word(row.values[index].word);
    }
  }

  Sources sources_;
  BatchBuilder output_;
  std::map<std::uint64_t, Process> alive_;
  bool is_started_ = false;
  std::uint64_t turn_ = 0;  // ticks in which the processes were looked at
  std::uint64_t last_tick_ = UINT64_MAX;
};

// The table that says which ticks there are.
std::string_view table_of_ticks(const Recording& recording) {
  return recording.has_table("system") ? "system" : "process";
}

// The first tick in the range, or nothing.
Result<std::optional<std::uint64_t>> first_tick(const Recording& recording, const Range& range) {
  Stream rows =
      TRY(recording.scan(table_of_ticks(recording), {.range = range, .columns = {"tick"}}));
  const Batch batch = TRY(rows->next());
  if (!batch) return std::optional<std::uint64_t>();
  return std::optional<std::uint64_t>(ColumnView(*batch, "tick").word(0));
}

Range from_tick(std::uint64_t tick) {
  return {.axis = Range::Axis::tick, .from = static_cast<std::int64_t>(tick), .to = {}};
}

// Each tick of `process` once, where there is no `system`.
class DistinctTicks final : public RowStream {
 public:
  explicit DistinctTicks(Stream rows) : rows_(std::move(rows)) {}
  const Schema& schema() const override { return rows_->schema(); }
  Result<Batch> next() override {
    while (true) {
      const Batch batch = TRY(rows_->next());
      if (!batch) return batch;
      const ColumnView tick(*batch, "tick");
      std::vector<std::int32_t> chosen;
      for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
        if (last_ && *last_ == tick.word(row)) continue;
        last_ = tick.word(row);
        chosen.push_back(static_cast<std::int32_t>(row));
      }
      if (!chosen.empty()) return take_rows(*batch, chosen);
    }
  }

 private:
  Stream rows_;
  std::optional<std::uint64_t> last_;
};

Result<Stream> scan_from(const Recording& recording, std::string_view table, std::uint64_t tick,
                         std::vector<std::string> columns) {
  if (!recording.has_table(table)) return Stream();
  columns.insert(columns.begin(), {"tick", "process"});
  std::ranges::sort(columns);
  const auto twice = std::ranges::unique(columns);
  columns.erase(twice.begin(), twice.end());
  return recording.scan(table, {.range = from_tick(tick), .columns = std::move(columns)});
}

}  // namespace

Result<Stream> processes(const Recording& recording, const Range& range) {
  const Schema figures = TRY(recording.schema("process"));
  const auto figure_columns = own_columns(*figures, nullptr);
  std::vector<std::string> info_columns;
  arrow::FieldVector fields;
  for (const char* name : {"tick", "time", "boottime"})
    fields.push_back(figures->GetFieldByName(name));
  for (const std::string& name : figure_columns) fields.push_back(figures->GetFieldByName(name));
  if (recording.has_table("process_info")) {
    const Schema info = TRY(recording.schema("process_info"));
    info_columns = own_columns(*info, figures.get());
    for (const std::string& name : info_columns) fields.push_back(info->GetFieldByName(name));
  }
  const auto first = TRY(first_tick(recording, range));
  const std::uint64_t tick = first.value_or(0);
  const std::uint64_t warm_up = tick > kWarmUp ? tick - kWarmUp : 0;
  std::uint64_t info_tick = warm_up;
  if (recording.has_table("process_info"))
    info_tick = TRY(recording.first_tick_of_file("process_info", warm_up));
  Stream ticks = TRY(recording.scan(table_of_ticks(recording),
                                    {.range = range, .columns = {"tick", "time", "boottime"}}));
  if (table_of_ticks(recording) == "process")
    ticks = std::make_unique<DistinctTicks>(std::move(ticks));
  Stream figure_rows = TRY(scan_from(recording, "process", warm_up, figure_columns));
  Stream info_rows = TRY(scan_from(recording, "process_info", info_tick, info_columns));
  Stream exit_rows = TRY(scan_from(recording, "process_exit", info_tick, {}));
  return Stream(std::make_unique<ProcessStream>(
      Sources{.ticks = Cursor(std::move(ticks), {"time", "boottime"}),
              .figures = Cursor(std::move(figure_rows), figure_columns),
              .info = Cursor(std::move(info_rows), info_columns),
              .exits = Cursor(std::move(exit_rows)),
              .figure_columns = figure_columns,
              .info_columns = info_columns,
              .schema = arrow::schema(std::move(fields), figures->metadata()),
              .gone = recording.is_filled("process") ? 0 : kGone}));
}

Result<Batch> processes_at(const Recording& recording, Nanoseconds at, Range::Axis axis) {
  const Range until{.axis = axis, .from = {}, .to = at.count() + 1};
  Stream ticks =
      TRY(recording.scan(table_of_ticks(recording), {.range = until, .columns = {"tick"}}));
  std::optional<std::uint64_t> tick;
  while (true) {
    const Batch batch = TRY(ticks->next());
    if (!batch) break;
    tick = ColumnView(*batch, "tick").word(batch->num_rows() - 1);
  }
  if (!tick)
    return Error{ErrorCode::invalid,
                 "the recording begins after this time; it has no state of then"};
  Range only = from_tick(*tick);
  only.to = static_cast<std::int64_t>(*tick) + 1;
  Stream rows = TRY(processes(recording, only));
  arrow::RecordBatchVector batches;
  while (true) {
    Batch batch = TRY(rows->next());
    if (!batch) break;
    batches.push_back(std::move(batch));
  }
  if (batches.empty()) return BatchBuilder(rows->schema()).finish();
  return checked(arrow::ConcatenateRecordBatches(batches, reading_pool()), "processes");
}

}  // namespace tacho
