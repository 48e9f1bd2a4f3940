// SPDX-License-Identifier: Apache-2.0
#include "foreign/arrow_values.h"

#include <arrow/util/decimal.h>
#include <arrow/util/float16.h>

#include <bit>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace tacho {
namespace {

using Id = arrow::Type;

std::int64_t nanoseconds_of(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return 1'000'000'000;
    case arrow::TimeUnit::MILLI:
      return 1'000'000;
    case arrow::TimeUnit::MICRO:
      return 1'000;
    case arrow::TimeUnit::NANO:
      return 1;
  }
  return 1;
}

// `put(row)` is called for rows that have a value.
template <class Put>
void each_value(const arrow::Array& array, const Put& put) {
  for (std::int64_t row = 0; row < array.length(); ++row)
    if (array.IsValid(row)) put(row);
}

template <class ArrayType>
void read_integers(const arrow::Array& array, std::int64_t unit, RawValues& values) {
  const auto& typed = static_cast<const ArrayType&>(array);
  each_value(array, [&](std::int64_t row) {
    std::int64_t value = 0;
    const auto at = static_cast<std::size_t>(row);
    // Beyond what 64 bits of nanoseconds hold: no value.
    if (__builtin_mul_overflow(static_cast<std::int64_t>(typed.Value(row)), unit, &value)) return;
    values.words[at] = static_cast<std::uint64_t>(value);
    values.present[at] = 1;
  });
}

template <class Read>
void read_reals(const arrow::Array& array, RawValues& values, const Read& read) {
  each_value(array, [&](std::int64_t row) {
    const double value = read(row);
    const auto at = static_cast<std::size_t>(row);
    if (!std::isfinite(value)) return;  // pandas writes NaN where there is no value
    values.words[at] = std::bit_cast<std::uint64_t>(value);
    values.present[at] = 1;
  });
}

template <class ArrayType>
Result<void> read_texts(const arrow::Array& array, RawValues& values) {
  const auto& typed = static_cast<const ArrayType&>(array);
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsValid(row)) {
      append_escaped(values.bytes, typed.GetView(row));
      values.present[static_cast<std::size_t>(row)] = 1;
    }
    if (values.bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
      return Error{ErrorCode::exhausted, "it has texts of more than 2 GiB in a few rows"};
    values.ends.push_back(static_cast<std::int32_t>(values.bytes.size()));
  }
  return {};
}

Result<void> read_dictionary(const arrow::DictionaryArray& array, RawValues& values) {
  RawValues words;
  words.begin(Type::text, static_cast<std::size_t>(array.dictionary()->length()));
  TRY(read_values(*array.dictionary(), words));
  for (std::int64_t row = 0; row < array.length(); ++row) {
    if (array.IsValid(row)) {
      const auto word = static_cast<std::size_t>(array.GetValueIndex(row));
      if (word >= words.ends.size()) return Error{ErrorCode::corrupt, "a dictionary lacks a value"};
      const std::int32_t begin = word == 0 ? 0 : words.ends[word - 1];
      values.bytes.append(words.bytes, static_cast<std::size_t>(begin),
                          static_cast<std::size_t>(words.ends[word] - begin));
      values.present[static_cast<std::size_t>(row)] = words.present[word];
    }
    if (values.bytes.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()))
      return Error{ErrorCode::exhausted, "it has texts of more than 2 GiB in a few rows"};
    values.ends.push_back(static_cast<std::int32_t>(values.bytes.size()));
  }
  return {};
}

Result<void> read_wide_integers(const arrow::Array& array, RawValues& values) {
  const auto& typed = static_cast<const arrow::UInt64Array&>(array);
  read_reals(array, values,
             [&](std::int64_t row) { return static_cast<double>(typed.Value(row)); });
  return {};
}

template <class Decimal, class ArrayType>
void read_decimals(const arrow::Array& array, RawValues& values) {
  const auto& typed = static_cast<const ArrayType&>(array);
  const std::int32_t scale = static_cast<const arrow::DecimalType&>(*array.type()).scale();
  read_reals(array, values,
             [&](std::int64_t row) { return Decimal(typed.GetValue(row)).ToDouble(scale); });
}

Result<void> read_others(const arrow::Array& array, RawValues& values) {
  const auto real = [&](const auto& typed) {
    read_reals(array, values,
               [&](std::int64_t row) { return static_cast<double>(typed.Value(row)); });
  };
  switch (array.type_id()) {
    case Id::HALF_FLOAT:
      read_reals(array, values, [&](std::int64_t row) {
        return arrow::util::Float16::FromBits(
                   static_cast<const arrow::HalfFloatArray&>(array).Value(row))
            .ToDouble();
      });
      return {};
    case Id::FLOAT:
      real(static_cast<const arrow::FloatArray&>(array));
      return {};
    case Id::DOUBLE:
      real(static_cast<const arrow::DoubleArray&>(array));
      return {};
    case Id::UINT64:
      return read_wide_integers(array, values);
    case Id::DECIMAL128:
      read_decimals<arrow::Decimal128, arrow::Decimal128Array>(array, values);
      return {};
    case Id::DECIMAL256:
      read_decimals<arrow::Decimal256, arrow::Decimal256Array>(array, values);
      return {};
    case Id::STRING:
      return read_texts<arrow::StringArray>(array, values);
    case Id::LARGE_STRING:
      return read_texts<arrow::LargeStringArray>(array, values);
    case Id::STRING_VIEW:
      return read_texts<arrow::StringViewArray>(array, values);
    case Id::BINARY:
      return read_texts<arrow::BinaryArray>(array, values);
    case Id::LARGE_BINARY:
      return read_texts<arrow::LargeBinaryArray>(array, values);
    case Id::DICTIONARY:
      return read_dictionary(static_cast<const arrow::DictionaryArray&>(array), values);
    default:
      return Error{ErrorCode::bug,
                   "a column of type " + array.type()->ToString() + " cannot be read"};
  }
}

}  // namespace

std::optional<Type> raw_type_of(const arrow::DataType& type) {
  switch (type.id()) {
    case Id::BOOL:
    case Id::INT8:
    case Id::INT16:
    case Id::INT32:
    case Id::INT64:
    case Id::UINT8:
    case Id::UINT16:
    case Id::UINT32:
    case Id::DURATION:
      return Type::integer;
    case Id::UINT64:
    case Id::HALF_FLOAT:
    case Id::FLOAT:
    case Id::DOUBLE:
    case Id::DECIMAL128:
    case Id::DECIMAL256:
      return Type::real;
    case Id::STRING:
    case Id::LARGE_STRING:
    case Id::STRING_VIEW:
    case Id::BINARY:
    case Id::LARGE_BINARY:
      return Type::text;
    case Id::TIMESTAMP:
    case Id::DATE32:
    case Id::DATE64:
      return Type::timestamp;
    case Id::DICTIONARY: {
      const auto value = raw_type_of(*static_cast<const arrow::DictionaryType&>(type).value_type());
      return value == Type::text ? value : std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::int64_t unit_of(const arrow::DataType& type) {
  switch (type.id()) {
    case Id::TIMESTAMP:
      return nanoseconds_of(static_cast<const arrow::TimestampType&>(type).unit());
    case Id::DURATION:
      return nanoseconds_of(static_cast<const arrow::DurationType&>(type).unit());
    case Id::DATE32:
      return std::int64_t{86'400} * 1'000'000'000;
    case Id::DATE64:
      return 1'000'000;
    default:
      return 1;
  }
}

Result<void> read_values(const arrow::Array& array, RawValues& values) {
  values.begin(*raw_type_of(*array.type()), static_cast<std::size_t>(array.length()));
  const std::int64_t unit = unit_of(*array.type());
  switch (array.type_id()) {
    case Id::BOOL:
      read_integers<arrow::BooleanArray>(array, unit, values);
      return {};
    case Id::INT8:
      read_integers<arrow::Int8Array>(array, unit, values);
      return {};
    case Id::INT16:
      read_integers<arrow::Int16Array>(array, unit, values);
      return {};
    case Id::INT32:
      read_integers<arrow::Int32Array>(array, unit, values);
      return {};
    case Id::INT64:
      read_integers<arrow::Int64Array>(array, unit, values);
      return {};
    case Id::UINT8:
      read_integers<arrow::UInt8Array>(array, unit, values);
      return {};
    case Id::UINT16:
      read_integers<arrow::UInt16Array>(array, unit, values);
      return {};
    case Id::UINT32:
      read_integers<arrow::UInt32Array>(array, unit, values);
      return {};
    case Id::DURATION:
      read_integers<arrow::DurationArray>(array, unit, values);
      return {};
    case Id::TIMESTAMP:
      read_integers<arrow::TimestampArray>(array, unit, values);
      return {};
    case Id::DATE32:
      read_integers<arrow::Date32Array>(array, unit, values);
      return {};
    case Id::DATE64:
      read_integers<arrow::Date64Array>(array, unit, values);
      return {};
    default:
      return read_others(array, values);
  }
}

}  // namespace tacho
