// SPDX-License-Identifier: Apache-2.0
#include "store/columns.h"

#define XXH_INLINE_ALL
#include <arrow/array/util.h>
#include <arrow/util/bit_util.h>
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <numeric>

#include "base/text.h"
#include "journal/format.h"

namespace tacho {
namespace {

constexpr std::size_t kWord = 8;  // every fixed-width type that we know has 64 bits
constexpr std::string_view kStampNames[] = {"tick", "time", "boottime"};

bool is_text(const arrow::DataType& type) { return type.id() == arrow::Type::STRING; }

Result<std::shared_ptr<arrow::Buffer>> allocate(std::int64_t size) {
  auto buffer = TRY(checked(arrow::AllocateBuffer(size, reading_pool()), "rows"));
  return std::shared_ptr<arrow::Buffer>(std::move(buffer));
}

Result<std::shared_ptr<arrow::Buffer>> take_validity(const arrow::Array& array,
                                                     const std::vector<std::int32_t>& rows) {
  if (array.null_count() == 0) return std::shared_ptr<arrow::Buffer>();
  auto buffer =
      TRY(allocate(arrow::bit_util::BytesForBits(static_cast<std::int64_t>(rows.size()))));
  std::uint8_t* bits = buffer->mutable_data();
  std::memset(bits, 0, static_cast<std::size_t>(buffer->size()));
  for (std::size_t at = 0; at < rows.size(); ++at)
    if (array.IsValid(rows[at])) arrow::bit_util::SetBit(bits, static_cast<std::int64_t>(at));
  return buffer;
}

Result<std::shared_ptr<arrow::ArrayData>> take_words(const arrow::Array& array,
                                                     const std::vector<std::int32_t>& rows) {
  const std::uint64_t* from = words_of(array);
  auto validity = TRY(take_validity(array, rows));
  auto buffer = TRY(allocate(static_cast<std::int64_t>(rows.size() * kWord)));
  auto* to = reinterpret_cast<std::uint64_t*>(buffer->mutable_data());
  for (std::size_t at = 0; at < rows.size(); ++at) to[at] = from[rows[at]];
  return arrow::ArrayData::Make(array.type(), static_cast<std::int64_t>(rows.size()),
                                {std::move(validity), std::move(buffer)});
}

Result<std::shared_ptr<arrow::ArrayData>> take_texts(const arrow::StringArray& array,
                                                     const std::vector<std::int32_t>& rows) {
  auto validity = TRY(take_validity(array, rows));
  auto ends = TRY(allocate(static_cast<std::int64_t>((rows.size() + 1) * sizeof(std::int32_t))));
  auto* end = reinterpret_cast<std::int32_t*>(ends->mutable_data());
  std::int64_t total = 0;
  end[0] = 0;
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (array.IsValid(rows[at])) total += array.value_length(rows[at]);
    if (total > INT32_MAX)
      return Error{ErrorCode::exhausted, "more than 2 GiB of text in a column"};
    end[at + 1] = static_cast<std::int32_t>(total);
  }
  auto bytes = TRY(allocate(total));
  char* to = reinterpret_cast<char*>(bytes->mutable_data());
  for (std::size_t at = 0; at < rows.size(); ++at) {
    if (end[at + 1] == end[at]) continue;
    const auto value = array.GetView(rows[at]);
    std::memcpy(to + end[at], value.data(), value.size());
  }
  return arrow::ArrayData::Make(array.type(), static_cast<std::int64_t>(rows.size()),
                                {std::move(validity), std::move(ends), std::move(bytes)});
}

// Compares two rows of a key column.
int compare(const arrow::Array& array, std::int32_t a, std::int32_t b) {
  const bool has_a = array.IsValid(a), has_b = array.IsValid(b);
  if (!has_a || !has_b) return static_cast<int>(has_a) - static_cast<int>(has_b);
  if (is_text(*array.type())) {
    const auto& texts = static_cast<const arrow::StringArray&>(array);
    return texts.GetView(a).compare(texts.GetView(b));
  }
  const std::uint64_t *words = words_of(array), left = words[a], right = words[b];
  if (left == right) return 0;
  if (array.type_id() == arrow::Type::UINT64) return left < right ? -1 : 1;
  return static_cast<std::int64_t>(left) < static_cast<std::int64_t>(right) ? -1 : 1;
}

// Folds a value into a row's hash: every bit of both counts (constants: those of splitmix64).
std::uint64_t mix(std::uint64_t hash, std::uint64_t value) {
  std::uint64_t z = hash ^ (value + 0x9E3779B97F4A7C15ULL);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

}  // namespace

bool is_known_type(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::UINT64:
    case arrow::Type::INT64:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
      return true;
    case arrow::Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).unit() == arrow::TimeUnit::NANO;
    default:
      return false;
  }
}

Result<Schema> known_columns(const Schema& schema, std::vector<std::string>& left_out) {
  arrow::FieldVector fields;
  for (const auto& field : schema->fields()) {
    if (is_known_type(*field->type()))
      fields.push_back(field);
    else
      left_out.push_back(escaped(field->name(), 100) + " (" +
                         escaped(field->type()->ToString(), 100) + ")");
  }
  auto known = arrow::schema(fields, schema->metadata());
  const arrow::Type::type types[] = {arrow::Type::UINT64, arrow::Type::TIMESTAMP,
                                     arrow::Type::INT64};
  for (std::size_t index = 0; index < std::size(kStampNames); ++index) {
    const std::string name(kStampNames[index]);
    const auto field = known->GetFieldByName(name);  // null when it is there twice
    if (!field || field->type()->id() != types[index])
      return Error{ErrorCode::corrupt,
                   "it has no column " + name + "; expected a table of a tacho recording"};
  }
  return known;
}

const std::uint64_t* words_of(const arrow::Array& array) {
  if (is_text(*array.type())) return nullptr;
  const arrow::ArrayData& data = *array.data();
  return data.buffers[1] == nullptr ? nullptr : data.GetValues<std::uint64_t>(1);
}

Result<Batch> take_rows(const arrow::RecordBatch& batch, const std::vector<std::int32_t>& rows) {
  std::vector<std::shared_ptr<arrow::ArrayData>> columns;
  for (const auto& column : batch.columns()) {
    if (is_text(*column->type()))
      columns.push_back(TRY(take_texts(static_cast<const arrow::StringArray&>(*column), rows)));
    else
      columns.push_back(TRY(take_words(*column, rows)));
  }
  return arrow::RecordBatch::Make(batch.schema(), static_cast<std::int64_t>(rows.size()),
                                  std::move(columns));
}

void sort_by_tick(const arrow::RecordBatch& batch, std::vector<std::int32_t>& rows) {
  const auto column = batch.GetColumnByName("tick");
  if (!column || rows.empty()) return;
  const std::uint64_t* ticks = words_of(*column);
  const auto by_tick = [ticks](std::int32_t a, std::int32_t b) { return ticks[a] < ticks[b]; };
  if (std::ranges::is_sorted(rows, by_tick)) return;
  const auto [low, high] = std::ranges::minmax_element(rows, by_tick);
  const std::uint64_t first = ticks[*low], span = ticks[*high] - first;
  // A row group holds few ticks and many rows: counting beats comparing.
  if (span >= rows.size() * 4) {
    std::ranges::stable_sort(rows, by_tick);
    return;
  }
  std::vector<std::uint32_t> place(span + 2, 0);
  for (const std::int32_t row : rows) ++place[ticks[row] - first + 1];
  std::partial_sum(place.begin(), place.end(), place.begin());
  std::vector<std::int32_t> sorted(rows.size());
  for (const std::int32_t row : rows) sorted[place[ticks[row] - first]++] = row;
  rows = std::move(sorted);
}

std::vector<std::int32_t> order_by_entity(const arrow::RecordBatch& batch) {
  std::vector<std::int32_t> rows(static_cast<std::size_t>(batch.num_rows()));
  std::iota(rows.begin(), rows.end(), 0);
  sort_by_tick(batch, rows);
  std::vector<std::shared_ptr<arrow::Array>> keys;
  for (const std::string& name : entity_columns(*batch.schema()))
    if (auto column = batch.GetColumnByName(name)) keys.push_back(std::move(column));
  if (keys.empty()) return rows;
  std::ranges::stable_sort(rows, [&](std::int32_t a, std::int32_t b) {
    for (const auto& key : keys)
      if (const int order = compare(*key, a, b); order != 0) return order < 0;
    return false;
  });
  return rows;
}

std::vector<std::string> entity_columns(const arrow::Schema& schema) {
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    const bool is_stamp = std::ranges::find(kStampNames, field->name()) != std::end(kStampNames);
    if (!is_stamp && metadata_of(field->metadata(), kKeyKind) == "key")
      names.push_back(field->name());
  }
  return names;
}

Result<Batch> project(const Batch& batch, const Schema& schema) {
  if (batch->schema() == schema) return batch;
  std::vector<std::shared_ptr<arrow::Array>> columns;
  for (const auto& field : schema->fields()) {
    auto column = batch->GetColumnByName(field->name());
    if (!column)
      column = TRY(checked(arrow::MakeArrayOfNull(field->type(), batch->num_rows(), reading_pool()),
                           "column " + field->name()));
    if (!column->type()->Equals(*field->type()))
      return Error{ErrorCode::corrupt, "column " + escaped(field->name(), 100) + " is " +
                                           column->type()->ToString() + " here and " +
                                           field->type()->ToString() + " in another file"};
    columns.push_back(std::move(column));
  }
  return arrow::RecordBatch::Make(schema, batch->num_rows(), std::move(columns));
}

std::uint64_t digest_of_rows(const arrow::RecordBatch& batch) {
  std::vector<std::uint64_t> hashes(static_cast<std::size_t>(batch.num_rows()), 0);
  for (int index = 0; index < batch.num_columns(); ++index) {
    const auto& array = *batch.column(index);
    const std::string label = batch.column_name(index) + ":" + array.type()->ToString();
    const std::uint64_t seed = XXH3_64bits(label.data(), label.size());
    const bool has_nulls = array.null_count() > 0;
    const std::uint64_t* words = words_of(array);
    const auto* texts = words == nullptr && is_text(*array.type())
                            ? static_cast<const arrow::StringArray*>(&array)
                            : nullptr;
    for (std::int64_t row = 0; row < batch.num_rows(); ++row) {
      std::uint64_t& hash = hashes[static_cast<std::size_t>(row)];
      hash = mix(hash, seed);
      if (has_nulls && array.IsNull(row)) {
        hash = mix(hash,
                   0x6e756c6cULL);  // "null"; the next line tells it from a value that is the same
        continue;
      }
      hash = mix(hash, 1);
      if (texts != nullptr) {
        const auto text = texts->GetView(row);
        hash = mix(hash, XXH3_64bits(text.data(), text.size()));
      } else if (words != nullptr) {
        hash = mix(hash, words[row]);
      }
    }
  }
  return std::accumulate(hashes.begin(), hashes.end(), std::uint64_t{0});
}

std::string metadata_of(const std::shared_ptr<const arrow::KeyValueMetadata>& metadata,
                        std::string_view key) {
  if (!metadata) return "";
  const int index = metadata->FindKey(std::string(key));
  return index < 0 ? "" : metadata->value(index);
}

}  // namespace tacho
