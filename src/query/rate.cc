// SPDX-License-Identifier: Apache-2.0
#include "query/rate.h"

#include <arrow/type.h>

#include "base/saturating.h"
#include "query/entities.h"
#include "store/columns.h"

namespace tacho {
namespace {

// An entity that was not seen for so long is gone: its state is let go. Process rows come at least
// every 60 s, slower tables every few minutes; with long intervals the ticks decide.
constexpr std::int64_t kForgetTime = 600'000'000'000;
constexpr std::uint64_t kForgetTicks = 120;
// How often the states are gone through for that, in rows.
constexpr std::uint64_t kSweepRows = 1 << 18;

constexpr double kSecond = 1e9;

struct State {
  std::uint64_t tick = 0;
  std::int64_t boottime = 0;
  std::vector<std::optional<std::int64_t>> values;
};

class RateStream final : public RowStream {
 public:
  explicit RateStream(Stream rows)
      : rows_(std::move(rows)), keys_(entity_columns(*rows_->schema())) {
    arrow::FieldVector fields;
    for (const ColumnInfo& column : columns_of(*rows_->schema())) {
      const auto& field = rows_->schema()->field(static_cast<int>(fields.size()));
      const bool is_counter = column.kind == Kind::counter && column.type != Type::text;
      if (is_counter) counters_.push_back({fields.size(), column.unit == "ns" ? 1.0 : kSecond});
      fields.push_back(is_counter ? derived_field(*field, column.name + "_rate", arrow::float64(),
                                                  Kind::gauge, unit_of_rate(column.unit))
                                  : field);
    }
    schema_ = arrow::schema(std::move(fields), rows_->schema()->metadata());
  }

  const Schema& schema() const override { return schema_; }

  Result<Batch> next() override {
    const Batch batch = TRY(rows_->next());
    if (!batch) return batch;
    auto columns = batch->columns();
    std::vector<ColumnView> values;
    std::vector<ColumnBuilder> rates;
    for (const Counter& counter : counters_) {
      values.emplace_back(*columns[counter.column]);
      rates.emplace_back(arrow::float64());
    }
    EntityKeys keys(*batch, keys_);
    const ColumnView tick(*batch, "tick"), boottime(*batch, "boottime");
    for (std::int64_t row = 0; row < batch->num_rows(); ++row)
      take_row(state_of(keys.of(row)), tick.word(row), boottime.integer(row), row, values, rates);
    for (std::size_t index = 0; index < counters_.size(); ++index)
      columns[counters_[index].column] = TRY(rates[index].finish());
    return arrow::RecordBatch::Make(schema_, batch->num_rows(), std::move(columns));
  }

 private:
  struct Counter {
    std::size_t column;
    double scale;  // of a difference by ns of boottime
  };

  State& state_of(std::string_view key) {
    if (const auto known = states_.find(key); known != states_.end()) return known->second;
    return states_.emplace(key, State{.values = {}}).first->second;
  }

  void take_row(State& state, std::uint64_t tick, std::int64_t boottime, std::int64_t row,
                const std::vector<ColumnView>& values, std::vector<ColumnBuilder>& rates) {
    const std::int64_t passed = saturating_difference(boottime, state.boottime);
    const bool is_first = state.values.empty() || passed <= 0;
    state.values.resize(values.size());
    for (std::size_t index = 0; index < values.size(); ++index) {
      const auto now = values[index].find_integer(row);
      const auto before = std::exchange(state.values[index], now);
      if (is_first || !now || !before || *now < *before)
        rates[index].append_null();
      else
        rates[index].append_real(growth(*now, *before) * counters_[index].scale /
                                 static_cast<double>(passed));
    }
    state.tick = tick;
    state.boottime = boottime;
    if (++rows_seen_ % kSweepRows == 0)
      std::erase_if(states_, [&](const auto& entry) {
        return saturating_difference(boottime, entry.second.boottime) > kForgetTime &&
               tick > entry.second.tick + kForgetTicks;
      });
  }

  Stream rows_;
  std::vector<std::string> keys_;
  std::vector<Counter> counters_;
  Schema schema_;
  EntityMap<State> states_;
  std::uint64_t rows_seen_ = 0;
};

}  // namespace

Result<Stream> rates(Stream rows) {
  for (const char* name : {"tick", "boottime"})
    if (!rows->schema()->GetFieldByName(name))
      return Error{ErrorCode::invalid, std::string("a rate needs the column ") + name};
  return Stream(std::make_unique<RateStream>(std::move(rows)));
}

}  // namespace tacho
