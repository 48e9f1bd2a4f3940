// SPDX-License-Identifier: Apache-2.0
#include "foreign/table_rows.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include "base/saturating.h"
#include "base/text.h"
#include "journal/format.h"
#include "store/arrow_glue.h"

namespace tacho {
namespace {

std::shared_ptr<arrow::DataType> arrow_type_of(Type type) {
  switch (type) {
    case Type::unsigned_integer:
      return arrow::uint64();
    case Type::integer:
      return arrow::int64();
    case Type::real:
      return arrow::float64();
    case Type::text:
      return arrow::utf8();
    case Type::timestamp:
      return arrow::timestamp(arrow::TimeUnit::NANO, "UTC");
  }
  return arrow::int64();
}

std::shared_ptr<arrow::Field> field_of(std::string_view name, Type type, Kind kind,
                                       std::string_view unit, std::string_view help,
                                       std::string_view otel) {
  auto metadata = std::make_shared<arrow::KeyValueMetadata>();
  if (!unit.empty()) metadata->Append(std::string(kKeyUnit), std::string(unit));
  metadata->Append(std::string(kKeyKind), std::string(name_of(kind)));
  metadata->Append(std::string(kKeyDescription), std::string(help));
  if (!otel.empty()) metadata->Append(std::string(kKeyOtel), std::string(otel));
  return arrow::field(std::string(name), arrow_type_of(type), true, std::move(metadata));
}

// One column on its way to Arrow.
class Building {
 public:
  Building(Type type, std::size_t rows) : type_(type), rows_(rows) {
    if (type == Type::text)
      ends_.push_back(0);
    else
      words_.resize(rows);
    bits_.resize((rows + 7) / 8);
  }
  void set_word(std::size_t row, std::uint64_t word) {
    words_[row] = word;
    mark(row);
  }
  void add_text(std::size_t row, std::string_view text, bool is_present) {
    if (is_present) {
      bytes_.append(text);
      mark(row);
    }
    ends_.push_back(static_cast<std::int32_t>(bytes_.size()));
  }
  std::shared_ptr<arrow::Array> finish() {
    const auto length = static_cast<std::int64_t>(rows_);
    auto bits = arrow::Buffer::FromVector(std::move(bits_));
    if (type_ == Type::text)
      return arrow::MakeArray(
          arrow::ArrayData::Make(arrow_type_of(type_), length,
                                 {bits, arrow::Buffer::FromVector(std::move(ends_)),
                                  arrow::Buffer::FromString(std::move(bytes_))}));
    return arrow::MakeArray(arrow::ArrayData::Make(
        arrow_type_of(type_), length, {bits, arrow::Buffer::FromVector(std::move(words_))}));
  }

 private:
  void mark(std::size_t row) { bits_[row / 8] |= static_cast<std::uint8_t>(1U << (row % 8)); }

  Type type_;
  std::size_t rows_;
  std::vector<std::uint64_t> words_;
  std::vector<std::int32_t> ends_;
  std::string bytes_;
  std::vector<std::uint8_t> bits_;
};

std::string_view text_at(const RawValues& values, std::size_t row) {
  const std::int32_t begin = row == 0 ? 0 : values.ends[row - 1];
  return {values.bytes.data() + begin, static_cast<std::size_t>(values.ends[row] - begin)};
}

// A number of the file as the column has it.
std::optional<std::uint64_t> scaled(const PlannedColumn& column, const RawValues& values,
                                    std::size_t row) {
  const std::uint64_t word = values.words[row];
  const bool is_plain = column.multiply == 1 && column.divide == 1 && !column.missing;
  if (is_plain && column.type == values.type) return word;
  const double value = values.type == Type::real
                           ? std::bit_cast<double>(word)
                           : static_cast<double>(static_cast<std::int64_t>(word));
  if (column.missing && value == *column.missing) return std::nullopt;
  if (column.type == Type::real)
    return std::bit_cast<std::uint64_t>(value * column.multiply / column.divide);
  // Whole numbers stay exact where they can.
  if (values.type == Type::integer && column.divide == 1) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(static_cast<std::int64_t>(word),
                               static_cast<std::int64_t>(column.multiply), &product))
      return std::nullopt;
    return static_cast<std::uint64_t>(product);
  }
  const double result = std::round(value * column.multiply / column.divide);
  if (!(std::fabs(result) < 9.2e18)) return std::nullopt;
  return static_cast<std::uint64_t>(static_cast<std::int64_t>(result));
}

void set_value(Building& to, std::size_t at, const PlannedColumn& column, const RawValues* values,
               std::size_t row) {
  const bool is_present = values != nullptr && values->present[row] != 0;
  if (column.type == Type::text) {
    if (!is_present) return to.add_text(at, {}, false);
    if (values->type == Type::text) return to.add_text(at, text_at(*values, row), true);
    // A column of texts in which only numbers stand.
    const std::string text = values->type == Type::real
                                 ? std::to_string(std::bit_cast<double>(values->words[row]))
                                 : std::to_string(static_cast<std::int64_t>(values->words[row]));
    return to.add_text(at, text, true);
  }
  if (!is_present) return;
  if (const auto word = scaled(column, *values, row)) to.set_word(at, *word);
}

}  // namespace

Schema schema_of(const TablePlan& plan) {
  arrow::FieldVector fields;
  for (const Column& stamp : kStamp)
    fields.push_back(field_of(stamp.name, stamp.type, stamp.kind, ucum_of(stamp.unit),
                              stamp.name == "boottime" ? "Time since the first row." : stamp.help,
                              ""));
  for (const auto* list : {&plan.key_columns, &plan.columns})
    for (const PlannedColumn& column : *list)
      fields.push_back(
          field_of(column.name, column.type, column.kind, column.unit, column.help, column.otel));
  auto metadata = arrow::key_value_metadata(
      {std::string(kKeyTable), std::string(kKeyDescription), std::string(kKeyScope)},
      {plan.name, plan.help, plan.scope});
  return arrow::schema(std::move(fields), std::move(metadata));
}

TableRows::TableRows(const TablePlan& plan, const std::vector<std::string>& columns,
                     StampRule stamp)
    : plan_(plan), stamp_(stamp) {
  const Schema all = schema_of(plan);
  const auto is_wanted = [&](const std::string& name) {
    return columns.empty() || std::ranges::find(columns, name) != columns.end();
  };
  arrow::FieldVector fields(all->fields().begin(), all->fields().begin() + kStampColumns);
  for (std::size_t key = 0; key < plan.key_columns.size(); ++key)
    if (is_wanted(plan.key_columns[key].name)) keys_.push_back(key);
  for (std::size_t column = 0; column < plan.columns.size(); ++column)
    if (is_wanted(plan.columns[column].name)) columns_.push_back(column);
  for (const std::size_t key : keys_)
    fields.push_back(all->field(static_cast<int>(kStampColumns + key)));
  for (const std::size_t column : columns_)
    fields.push_back(
        all->field(static_cast<int>(kStampColumns + plan.key_columns.size() + column)));
  schema_ = arrow::schema(std::move(fields), all->metadata());
  // Whether an entity is there is told by all of its columns.
  const bool needs_all = !plan.key_columns.empty();
  std::set<std::size_t> needed;
  for (const PlannedRow& row : plan.rows)
    for (std::size_t column = 0; column < row.sources.size(); ++column)
      if (row.sources[column] != kNoSource && (needs_all || is_wanted(plan.columns[column].name)))
        needed.insert(row.sources[column]);
  needed_.assign(needed.begin(), needed.end());
  for (const PlannedRow& row : plan.rows) {
    slots_.emplace_back();
    for (const std::size_t source : row.sources) {
      const auto place = std::ranges::lower_bound(needed_, source);
      slots_.back().push_back(place == needed_.end() || *place != source
                                  ? kNoSource
                                  : static_cast<std::size_t>(place - needed_.begin()));
    }
  }
}

std::vector<TableRows::Place> TableRows::places_of(const RawChunk& chunk) const {
  std::vector<Place> places;
  places.reserve(chunk.rows() * plan_.rows.size());
  const bool is_entity = !plan_.key_columns.empty();
  for (std::size_t row = 0; row < chunk.rows(); ++row)
    for (std::size_t entity = 0; entity < plan_.rows.size(); ++entity) {
      const bool is_there =
          !is_entity || std::ranges::any_of(slots_[entity], [&](std::size_t slot) {
            return slot != kNoSource && chunk.columns[slot].present[row] != 0;
          });
      if (is_there) places.push_back({row, entity});
    }
  return places;
}

Result<Batch> TableRows::convert(const RawChunk& chunk) const {
  const std::vector<Place> places = places_of(chunk);
  const std::size_t rows = places.size();
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  Building tick(Type::unsigned_integer, rows), time(Type::timestamp, rows),
      boottime(Type::integer, rows);
  for (std::size_t at = 0; at < rows; ++at) {
    const std::int64_t moment = chunk.times[places[at].row];
    const std::int64_t since = saturating_difference(moment, stamp_.base);
    tick.set_word(at, stamp_.tick_span > 0 ? static_cast<std::uint64_t>(since / stamp_.tick_span)
                                           : chunk.ticks[places[at].row]);
    time.set_word(at, static_cast<std::uint64_t>(moment));
    boottime.set_word(at, static_cast<std::uint64_t>(since));
  }
  for (Building* stamp : {&tick, &time, &boottime}) arrays.push_back(stamp->finish());
  for (const std::size_t key : keys_) {
    Building column(plan_.key_columns[key].type, rows);
    for (std::size_t at = 0; at < rows; ++at) {
      const std::string& value = plan_.rows[places[at].entity].keys[key];
      if (plan_.key_columns[key].type == Type::text)
        column.add_text(at, value, true);
      else if (const auto number = parse_integer<std::int64_t>(value))
        column.set_word(at, static_cast<std::uint64_t>(*number));
    }
    arrays.push_back(column.finish());
  }
  for (const std::size_t index : columns_) {
    const PlannedColumn& planned = plan_.columns[index];
    Building column(planned.type, rows);
    for (std::size_t at = 0; at < rows; ++at) {
      const std::size_t slot = slots_[places[at].entity][index];
      set_value(column, at, planned, slot == kNoSource ? nullptr : &chunk.columns[slot],
                places[at].row);
    }
    arrays.push_back(column.finish());
  }
  return arrow::RecordBatch::Make(schema_, static_cast<std::int64_t>(rows), std::move(arrays));
}

}  // namespace tacho
