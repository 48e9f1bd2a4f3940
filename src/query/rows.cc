// SPDX-License-Identifier: Apache-2.0
#include "query/rows.h"

#include <algorithm>
#include <bit>
#include <deque>
#include <numeric>

#include "base/text.h"
#include "store/arrow_glue.h"
#include "store/columns.h"

namespace tacho {
namespace {

std::optional<Type> type_of(const arrow::DataType& type) {
  if (!is_known_type(type)) return std::nullopt;
  switch (type.id()) {
    case arrow::Type::UINT64:
      return Type::unsigned_integer;
    case arrow::Type::INT64:
      return Type::integer;
    case arrow::Type::DOUBLE:
      return Type::real;
    case arrow::Type::STRING:
      return Type::text;
    default:
      return Type::timestamp;
  }
}

// A column whose kind is not said (a foreign one) is a value of now, or text.
Kind kind_of(const arrow::Field& field) {
  const std::string name = metadata_of(field.metadata(), kKeyKind);
  for (const Kind kind : {Kind::key, Kind::counter, Kind::gauge, Kind::text})
    if (name == name_of(kind)) return kind;
  return field.type()->id() == arrow::Type::STRING ? Kind::text : Kind::gauge;
}

class SelectStream final : public RowStream {
 public:
  SelectStream(Stream rows, Schema schema) : rows_(std::move(rows)), schema_(std::move(schema)) {}
  const Schema& schema() const override { return schema_; }
  Result<Batch> next() override {
    Batch batch = TRY(rows_->next());
    if (!batch) return batch;
    return project(batch, schema_);
  }

 private:
  Stream rows_;
  Schema schema_;
};

// Batches that were read already.
class HeldStream final : public RowStream {
 public:
  HeldStream(Schema schema, std::deque<Batch> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}
  const Schema& schema() const override { return schema_; }
  Result<Batch> next() override {
    if (batches_.empty()) return Batch();
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    return batch;
  }

 private:
  Schema schema_;
  std::deque<Batch> batches_;
};

}  // namespace

std::vector<ColumnInfo> columns_of(const arrow::Schema& schema) {
  std::vector<ColumnInfo> columns;
  for (const auto& field : schema.fields())
    columns.push_back({.name = field->name(),
                       .type = type_of(*field->type()),
                       .kind = kind_of(*field),
                       .unit = metadata_of(field->metadata(), kKeyUnit),
                       .help = metadata_of(field->metadata(), kKeyDescription),
                       .otel = metadata_of(field->metadata(), kKeyOtel)});
  return columns;
}

ColumnView::ColumnView(const arrow::Array& array) {
  type_ = type_of(*array.type());
  if (!type_) return;
  const arrow::ArrayData& data = *array.data();
  offset_ = data.offset;
  all_null_ = false;
  if (array.null_count() > 0) {
    valid_ = array.null_bitmap_data();
    all_null_ = array.null_count() == array.length();
  }
  if (type_ == Type::text) {
    const auto& texts = static_cast<const arrow::StringArray&>(array);
    ends_ = texts.raw_value_offsets() - offset_;
    bytes_ = reinterpret_cast<const char*>(texts.raw_data());
  } else {
    words_ = data.GetValues<std::uint64_t>(1, 0);
  }
}

ColumnView::ColumnView(const arrow::RecordBatch& batch, std::string_view name) {
  if (const auto column = batch.GetColumnByName(std::string(name))) *this = ColumnView(*column);
}

std::int64_t ColumnView::integer(std::int64_t row) const {
  if (type_ == Type::real) return static_cast<std::int64_t>(real(row));
  return static_cast<std::int64_t>(word(row));
}

double ColumnView::real(std::int64_t row) const {
  const std::uint64_t bits = word(row);
  if (type_ == Type::real) return std::bit_cast<double>(bits);
  if (type_ == Type::unsigned_integer) return static_cast<double>(bits);
  return static_cast<double>(static_cast<std::int64_t>(bits));
}

std::int64_t row_count(const arrow::RecordBatch& batch) { return batch.num_rows(); }

Result<Stream> select_columns(Stream rows, const std::vector<std::string>& columns) {
  if (columns.empty()) return rows;
  arrow::FieldVector fields;
  for (const std::string& name : columns) {
    auto field = rows->schema()->GetFieldByName(name);
    if (!field) {
      std::string known;
      for (const auto& other : rows->schema()->field_names())
        known += (known.empty() ? "" : ", ") + other;
      return Error{ErrorCode::invalid,
                   "there is no column " + escaped(name, 60) + "; there are: " + known};
    }
    fields.push_back(std::move(field));
  }
  auto schema = arrow::schema(fields, rows->schema()->metadata());
  return Stream(std::make_unique<SelectStream>(std::move(rows), std::move(schema)));
}

Result<Stream> last_rows(Stream rows, std::int64_t count) {
  std::deque<Batch> held;
  if (count <= 0) return Stream(std::make_unique<HeldStream>(rows->schema(), std::move(held)));
  std::int64_t total = 0;
  while (true) {
    Batch batch = TRY(rows->next());
    if (!batch) break;
    total += batch->num_rows();
    held.push_back(std::move(batch));
    while (total - held.front()->num_rows() >= count) {
      total -= held.front()->num_rows();
      held.pop_front();
    }
  }
  if (total > count) held.front() = held.front()->Slice(total - count);
  return Stream(std::make_unique<HeldStream>(rows->schema(), std::move(held)));
}

Result<Stream> in_order_of_boottime(Stream rows) {
  arrow::RecordBatchVector batches;
  while (Batch batch = TRY(rows->next())) batches.push_back(std::move(batch));
  std::deque<Batch> held;
  if (!batches.empty()) {
    const Batch all =
        TRY(checked(arrow::ConcatenateRecordBatches(batches, reading_pool()), "rows"));
    const ColumnView boottime(*all, "boottime");
    std::vector<std::int32_t> order(static_cast<std::size_t>(all->num_rows()));
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::int32_t row) { return boottime.integer(row); });
    held.push_back(TRY(take_rows(*all, order)));
  }
  return Stream(std::make_unique<HeldStream>(rows->schema(), std::move(held)));
}

}  // namespace tacho
