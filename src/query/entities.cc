// SPDX-License-Identifier: Apache-2.0
#include "query/entities.h"

#include <bit>
#include <cstring>

#include "store/columns.h"

namespace tacho {
namespace {

// A buffer that owns a vector or string.
template <class Owner>
std::shared_ptr<arrow::Buffer> buffer_of(Owner&& owner) {
  struct Owned final : arrow::Buffer {
    explicit Owned(std::shared_ptr<Owner> held)
        : arrow::Buffer(reinterpret_cast<const std::uint8_t*>(held->data()),
                        static_cast<std::int64_t>(held->size() * sizeof(*held->data()))),
          held_(std::move(held)) {}
    std::shared_ptr<Owner> held_;
  };
  return std::make_shared<Owned>(std::make_shared<Owner>(std::move(owner)));
}

}  // namespace

EntityKeys::EntityKeys(const arrow::RecordBatch& batch, const std::vector<std::string>& names) {
  for (const std::string& name : names) columns_.emplace_back(batch, name);
}

std::string_view EntityKeys::of(std::int64_t row) {
  key_.clear();
  for (const ColumnView& column : columns_) {
    const bool is_null = column.is_null(row);
    key_ += is_null ? '\0' : '\1';
    if (is_null) continue;
    if (column.type() == Type::text) {
      const std::string_view text = column.text(row);
      const std::uint64_t size = text.size();
      key_.append(reinterpret_cast<const char*>(&size), sizeof size);
      key_ += text;
    } else {
      const std::uint64_t word = column.word(row);
      key_.append(reinterpret_cast<const char*>(&word), sizeof word);
    }
  }
  return key_;
}

ColumnBuilder::ColumnBuilder(std::shared_ptr<arrow::DataType> type)
    : type_(std::move(type)), is_text_(type_->id() == arrow::Type::STRING) {}
ColumnBuilder::ColumnBuilder(ColumnBuilder&&) noexcept = default;
ColumnBuilder::~ColumnBuilder() = default;

void ColumnBuilder::mark(bool is_present) {
  if (rows_ % 8 == 0) present_.push_back(0);
  if (is_present)
    present_.back() = static_cast<std::uint8_t>(present_.back() | 1U << rows_ % 8);
  else
    ++nulls_;
  if (is_text_) ends_.push_back(static_cast<std::int32_t>(bytes_.size()));
  ++rows_;
}

void ColumnBuilder::append_null() {
  if (!is_text_) words_.push_back(0);
  mark(false);
}

void ColumnBuilder::append_word(std::uint64_t word) {
  words_.push_back(word);
  mark(true);
}

void ColumnBuilder::append_real(double value) { append_word(std::bit_cast<std::uint64_t>(value)); }

void ColumnBuilder::append_text(std::string_view text) {
  bytes_ += text;
  mark(true);
}

void ColumnBuilder::append(const ColumnView& column, std::int64_t row) {
  if (column.is_null(row)) return append_null();
  if (is_text_) return append_text(column.text(row));
  append_word(column.word(row));
}

Result<std::shared_ptr<arrow::Array>> ColumnBuilder::finish() {
  if (bytes_.size() > INT32_MAX)
    return Error{ErrorCode::exhausted, "more than 2 GiB of text in a column"};
  const auto rows = static_cast<std::int64_t>(rows_);
  std::shared_ptr<arrow::Buffer> validity;
  if (nulls_ > 0) validity = buffer_of(std::exchange(present_, {}));
  std::vector<std::shared_ptr<arrow::Buffer>> buffers{validity};
  if (is_text_) {
    ends_.insert(ends_.begin(), 0);
    buffers.push_back(buffer_of(std::exchange(ends_, {})));
    buffers.push_back(buffer_of(std::exchange(bytes_, {})));
  } else {
    buffers.push_back(buffer_of(std::exchange(words_, {})));
  }
  present_.clear();
  const auto data =
      arrow::ArrayData::Make(type_, rows, std::move(buffers), static_cast<std::int64_t>(nulls_));
  rows_ = nulls_ = 0;
  return arrow::MakeArray(data);
}

BatchBuilder::BatchBuilder(Schema schema) : schema_(std::move(schema)) {
  for (const auto& field : schema_->fields()) columns_.emplace_back(field->type());
}

Result<Batch> BatchBuilder::finish() {
  const std::int64_t count = rows();
  std::vector<std::shared_ptr<arrow::Array>> arrays;
  for (ColumnBuilder& column : columns_) arrays.push_back(TRY(column.finish()));
  return arrow::RecordBatch::Make(schema_, count, std::move(arrays));
}

std::shared_ptr<arrow::Field> derived_field(const arrow::Field& field, const std::string& name,
                                            std::shared_ptr<arrow::DataType> type, Kind kind,
                                            std::string_view unit) {
  std::vector<std::string> keys{std::string(kKeyKind)}, values{std::string(name_of(kind))};
  const auto keep = [&](std::string_view key, std::string_view value) {
    if (value.empty()) return;
    keys.emplace_back(key);
    values.emplace_back(value);
  };
  keep(kKeyUnit, unit);
  keep(kKeyDescription, metadata_of(field.metadata(), kKeyDescription));
  return arrow::field(name, std::move(type), /*nullable=*/true,
                      arrow::key_value_metadata(std::move(keys), std::move(values)));
}

std::string unit_of_rate(std::string_view unit) {
  if (unit == "ns") return "1";
  return (unit.empty() ? "1" : std::string(unit)) + "/s";
}

}  // namespace tacho
