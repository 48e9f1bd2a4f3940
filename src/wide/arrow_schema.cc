// SPDX-License-Identifier: Apache-2.0
#include "wide/arrow_schema.h"

#include <cstdint>
#include <string_view>
#include <utility>

#include "journal/arrow_schema_message.h"

namespace tacho {
namespace {

bool set_type(ArrowSchema& field, Type type, bool is_utc) {
  if (type == Type::timestamp)
    return ArrowSchemaSetTypeDateTime(&field, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_MICRO,
                                      is_utc ? "UTC" : nullptr) == NANOARROW_OK;
  const auto of_arrow = type == Type::real   ? NANOARROW_TYPE_DOUBLE
                        : type == Type::text ? NANOARROW_TYPE_STRING
                                             : NANOARROW_TYPE_INT64;
  return ArrowSchemaSetType(&field, of_arrow) == NANOARROW_OK;
}

bool describe(ArrowSchema& field, const WideColumn& column, bool is_utc) {
  const std::pair<std::string_view, std::string_view> metadata[] = {{"unit", column.unit},
                                                                    {"description", column.help}};
  return set_type(field, column.type, is_utc) &&
         ArrowSchemaSetName(&field, column.name.c_str()) == NANOARROW_OK &&
         set_metadata(field, metadata);
}

bool describe_all(ArrowSchema& schema, std::span<const WideColumn> columns, bool is_utc,
                  const Facts& facts) {
  ArrowSchemaInit(&schema);
  if (ArrowSchemaSetTypeStruct(&schema, static_cast<std::int64_t>(columns.size())) != NANOARROW_OK)
    return false;
  for (std::size_t index = 0; index < columns.size(); ++index)
    if (!describe(*schema.children[index], columns[index], is_utc)) return false;
  return set_metadata(schema, facts);
}

std::string base64(std::span<const std::uint8_t> bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t three = 0;
    for (std::size_t index = 0; index < 3; ++index)
      three = three << 8 | (at + index < bytes.size() ? bytes[at + index] : 0U);
    for (std::size_t digit = 0; digit < 4; ++digit)
      text.push_back(at + digit > bytes.size() ? '=' : kDigits[three >> (18 - 6 * digit) & 63]);
  }
  return text;
}

}  // namespace

Result<std::string> arrow_schema_text(std::span<const WideColumn> columns, bool is_utc,
                                      const Facts& facts) {
  SchemaOwner owner;
  BufferOwner encoded;
  if (!describe_all(owner.schema, columns, is_utc, facts) || !encode_message(owner.schema, encoded))
    return Error{ErrorCode::exhausted, "no memory for the schema of the wide file"};
  return base64({encoded.buffer.data, static_cast<std::size_t>(encoded.buffer.size_bytes)});
}

std::string pandas_text(const std::string& time_column) {
  return R"({"index_columns": [], "column_indexes": [], "columns": [{"name": ")" + time_column +
         R"(", "field_name": ")" + time_column +
         R"(", "pandas_type": "datetimetz", "numpy_type": "datetime64[us]", "metadata": {"timezone": "UTC"}}],)"
         R"( "creator": {"library": "tacho", "version": ")" TACHO_VERSION R"("}})";
}

}  // namespace tacho
