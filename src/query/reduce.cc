// SPDX-License-Identifier: Apache-2.0
#include "query/reduce.h"

#include <arrow/type.h>

#include <algorithm>
#include <bit>
#include <deque>

#include "base/saturating.h"
#include "query/entities.h"
#include "store/columns.h"

namespace tacho {
namespace {

constexpr double kSecond = 1e9;

// What becomes of a column, and where its results begin in the schema.
struct Reduction {
  enum class How : std::uint8_t { key, gauge, counter, text } how;
  std::size_t output = 0;
  std::string name;
  Type type = Type::integer;
  double scale = 1;  // of a counter's difference by ns
};

// A column of an entity in the bucket of now.
struct Cell {
  std::uint64_t count = 0;
  std::uint64_t low = 0, high = 0, last = 0;  // 64 bits of the column's type
  double sum = 0;
  std::string text;  // of keys and texts
  // Counters: from row to row, over buckets.
  std::optional<std::int64_t> before;
  std::int64_t before_boottime = 0;
  double gained = 0, passed = 0;
};

struct Entity {
  std::uint64_t rows = 0;    // in this bucket
  std::uint64_t bucket = 0;  // the last one it was in
  std::vector<Cell> cells;
};

bool is_less(Type type, std::uint64_t a, std::uint64_t b) {
  if (type == Type::real) return std::bit_cast<double>(a) < std::bit_cast<double>(b);
  if (type == Type::unsigned_integer) return a < b;
  return static_cast<std::int64_t>(a) < static_cast<std::int64_t>(b);
}

void take_value(Cell& cell, const Reduction& reduction, const ColumnView& column, std::int64_t row,
                std::int64_t boottime) {
  if (column.is_null(row)) return;
  const std::uint64_t word = column.word(row);
  ++cell.count;
  cell.last = word;
  if (reduction.type == Type::text) cell.text = column.text(row);
  if (reduction.how == Reduction::How::gauge) {
    if (cell.count == 1 || is_less(reduction.type, word, cell.low)) cell.low = word;
    if (cell.count == 1 || is_less(reduction.type, cell.high, word)) cell.high = word;
    cell.sum += column.real(row);
  }
  if (reduction.how == Reduction::How::counter) {
    const std::int64_t now = column.integer(row);
    if (cell.before && now >= *cell.before && boottime > cell.before_boottime) {
      cell.gained += growth(now, *cell.before);
      cell.passed += growth(boottime, cell.before_boottime);
    }
    cell.before = now;
    cell.before_boottime = boottime;
  }
}

class ReduceStream final : public RowStream {
 public:
  ReduceStream(Stream rows, std::int64_t every)
      : rows_(std::move(rows)), every_(every), keys_(entity_columns(*rows_->schema())) {
    const Schema& input = rows_->schema();
    arrow::FieldVector fields;
    for (const char* name : {"tick", "time", "boottime"})
      fields.push_back(input->GetFieldByName(name));
    for (const std::string& name : keys_) {
      reductions_.push_back(
          reduction_of(*input->GetFieldByName(name), Reduction::How::key, fields.size()));
      fields.push_back(input->GetFieldByName(name));
    }
    fields.push_back(derived_field(arrow::Field("rows", arrow::int64()), "rows", arrow::int64(),
                                   Kind::gauge, "1"));
    const auto columns = columns_of(*input);
    for (std::size_t index = 0; index < columns.size(); ++index)
      if (columns[index].kind != Kind::key && !columns[index].is_stamp())
        add_column(*input->field(static_cast<int>(index)), columns[index], fields);
    schema_ = arrow::schema(std::move(fields), input->metadata());
    output_.emplace(schema_);
  }

  const Schema& schema() const override { return schema_; }

  Result<Batch> next() override {
    while (ready_.empty()) {
      if (is_at_end_) return Batch();
      const Batch batch = TRY(rows_->next());
      if (batch) {
        TRY(take(*batch));
      } else {
        is_at_end_ = true;
        TRY(end_bucket());
        TRY(make_ready());
      }
    }
    Batch batch = std::move(ready_.front());
    ready_.pop_front();
    return batch;
  }

 private:
  // Bucketed rows are handed on when so many are there: the first ones must come soon.
  static constexpr std::int64_t kOutputRows = 8192;
  // Entities that had no row for so many buckets are gone.
  static constexpr std::uint64_t kForgetBuckets = 120;

  static Reduction reduction_of(const arrow::Field& field, Reduction::How how, std::size_t output) {
    const auto info = columns_of(arrow::Schema({field.Copy()})).front();
    return {.how = how,
            .output = output,
            .name = field.name(),
            .type = info.type.value_or(Type::integer),
            .scale = info.unit == "ns" ? 1.0 : kSecond};
  }

  void add_column(const arrow::Field& field, const ColumnInfo& info, arrow::FieldVector& fields) {
    const bool is_text = info.type == Type::text;
    const bool is_counter = info.kind == Kind::counter && !is_text;
    const auto how = is_text      ? Reduction::How::text
                     : is_counter ? Reduction::How::counter
                                  : Reduction::How::gauge;
    reductions_.push_back(reduction_of(field, how, fields.size()));
    const auto add = [&](const char* suffix, const std::shared_ptr<arrow::DataType>& type,
                         std::string_view unit) {
      fields.push_back(
          derived_field(field, info.name + suffix, type, is_text ? Kind::text : Kind::gauge, unit));
    };
    if (is_text) {
      add("_last", field.type(), "");
    } else if (is_counter) {
      add("_rate", arrow::float64(), unit_of_rate(info.unit));
    } else {
      add("_min", field.type(), info.unit);
      add("_max", field.type(), info.unit);
      add("_mean", arrow::float64(), info.unit);
      add("_last", field.type(), info.unit);
    }
  }

  Result<void> take(const arrow::RecordBatch& batch) {
    std::vector<ColumnView> columns;
    for (const Reduction& reduction : reductions_) columns.emplace_back(batch, reduction.name);
    EntityKeys keys(batch, keys_);
    const ColumnView tick(batch, "tick"), time(batch, "time"), boottime(batch, "boottime");
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      const std::int64_t at = boottime.integer(row);
      if (!offset_) offset_ = saturating_difference(time.integer(row), at);
      const std::int64_t bucket = floor_of(saturating_sum(at, *offset_));
      if (bucket != bucket_begin_ && !order_.empty()) TRY(end_bucket());
      if (order_.empty()) {
        bucket_begin_ = bucket;
        bucket_tick_ = tick.word(row);
        ++bucket_;
      }
      Entity& entity = entity_of(keys.of(row));
      ++entity.rows;
      for (std::size_t index = 0; index < columns.size(); ++index)
        take_value(entity.cells[index], reductions_[index], columns[index], row, at);
    }
    if (output_->rows() >= kOutputRows) TRY(make_ready());
    return {};
  }

  std::int64_t floor_of(std::int64_t at) const {
    const std::int64_t rest = at % every_;
    return saturating_difference(at, rest < 0 ? rest + every_ : rest);
  }

  Entity& entity_of(std::string_view key) {
    auto known = entities_.find(key);
    if (known == entities_.end()) {
      known = entities_.emplace(key, Entity{}).first;
      known->second.cells.resize(reductions_.size());
    }
    Entity& entity = known->second;
    if (entity.rows == 0) {
      order_.push_back(&entity);
      entity.bucket = bucket_;
      for (Cell& cell : entity.cells)
        cell = {.text = {}, .before = cell.before, .before_boottime = cell.before_boottime};
    }
    return entity;
  }

  Result<void> end_bucket() {
    for (Entity* entity : order_) {
      output_->column(0).append_word(bucket_tick_);
      output_->column(1).append_word(static_cast<std::uint64_t>(bucket_begin_));
      output_->column(2).append_word(static_cast<std::uint64_t>(saturating_difference(bucket_begin_, *offset_)));
      output_->column(3 + keys_.size()).append_word(entity->rows);
      for (std::size_t index = 0; index < reductions_.size(); ++index)
        put(reductions_[index], entity->cells[index]);
      entity->rows = 0;
    }
    order_.clear();
    if (bucket_ % kForgetBuckets == 0)
      std::erase_if(entities_, [&](const auto& entry) {
        return entry.second.bucket + kForgetBuckets < bucket_;
      });
    return {};
  }

  void put(const Reduction& reduction, const Cell& cell) {
    const auto column = [&](std::size_t offset) -> ColumnBuilder& {
      return output_->column(reduction.output + offset);
    };
    switch (reduction.how) {
      case Reduction::How::key:
      case Reduction::How::text:
        if (cell.count == 0) return column(0).append_null();
        if (reduction.type == Type::text) return column(0).append_text(cell.text);
        return column(0).append_word(cell.last);
      case Reduction::How::counter:
        if (cell.passed <= 0) return column(0).append_null();
        return column(0).append_real(cell.gained * reduction.scale / cell.passed);
      case Reduction::How::gauge:
        for (std::size_t offset = 0; offset < 4 && cell.count == 0; ++offset)
          column(offset).append_null();
        if (cell.count == 0) return;
        column(0).append_word(cell.low);
        column(1).append_word(cell.high);
        column(2).append_real(cell.sum / static_cast<double>(cell.count));
        column(3).append_word(cell.last);
    }
  }

  Result<void> make_ready() {
    if (output_->rows() > 0) ready_.push_back(TRY(output_->finish()));
    return {};
  }

  Stream rows_;
  std::int64_t every_;
  std::vector<std::string> keys_;
  std::vector<Reduction> reductions_;
  Schema schema_;
  std::optional<BatchBuilder> output_;
  std::deque<Batch> ready_;
  bool is_at_end_ = false;
  std::optional<std::int64_t> offset_;  // time - boottime at the first row
  std::int64_t bucket_begin_ = 0;       // in wall time
  std::uint64_t bucket_tick_ = 0, bucket_ = 0;
  EntityMap<Entity> entities_;
  std::vector<Entity*> order_;  // of this bucket
};

}  // namespace

Result<Stream> reduce(Stream rows, Nanoseconds every) {
  if (every.count() <= 0)
    return Error{ErrorCode::invalid, "a bucket must be longer than nothing; a right one is: 10s"};
  for (const char* name : {"tick", "time", "boottime"})
    if (!rows->schema()->GetFieldByName(name))
      return Error{ErrorCode::invalid, std::string("buckets need the column ") + name};
  return Stream(std::make_unique<ReduceStream>(std::move(rows), every.count()));
}

}  // namespace tacho
