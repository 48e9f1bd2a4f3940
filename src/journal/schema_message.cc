// SPDX-License-Identifier: Apache-2.0
// The first message of a journal file: the table's schema with all that is known of its columns.
#include <cstring>
#include <initializer_list>
#include <memory>

#include "journal/arrow_schema_message.h"
#include "journal/encoder.h"
#include "journal/format.h"
#include "journal/message.h"

namespace tacho {
namespace {

struct Pair {
  std::string_view key;
  std::string_view value;
};
using Pairs = std::initializer_list<Pair>;

bool set_type(ArrowSchema& schema, Type type) {
  switch (type) {
    case Type::unsigned_integer:
      return ArrowSchemaSetType(&schema, NANOARROW_TYPE_UINT64) == NANOARROW_OK;
    case Type::integer:
      return ArrowSchemaSetType(&schema, NANOARROW_TYPE_INT64) == NANOARROW_OK;
    case Type::real:
      return ArrowSchemaSetType(&schema, NANOARROW_TYPE_DOUBLE) == NANOARROW_OK;
    case Type::text:
      return ArrowSchemaSetType(&schema, NANOARROW_TYPE_STRING) == NANOARROW_OK;
    case Type::timestamp:
      return ArrowSchemaSetTypeDateTime(&schema, NANOARROW_TYPE_TIMESTAMP, NANOARROW_TIME_UNIT_NANO,
                                        "UTC") == NANOARROW_OK;
  }
  return false;
}

bool describe(ArrowSchema& field, const Column& column) {
  return set_type(field, column.type) &&
         ArrowSchemaSetName(&field, std::string(column.name).c_str()) == NANOARROW_OK &&
         set_metadata(field, Pairs{{kKeyUnit, ucum_of(column.unit)},
                              {kKeyKind, name_of(column.kind)},
                              {kKeyDescription, column.help},
                              {kKeyOtel, column.otel}});
}

bool describe(ArrowSchema& schema, const Table& table, std::string_view recording_id,
              std::uint32_t number) {
  ArrowSchemaInit(&schema);
  const std::size_t columns = kStampColumns + table.columns.size();
  if (ArrowSchemaSetTypeStruct(&schema, static_cast<std::int64_t>(columns)) != NANOARROW_OK)
    return false;
  for (std::size_t index = 0; index < columns; ++index) {
    const Column& column =
        index < kStampColumns ? kStamp[index] : table.columns[index - kStampColumns];
    if (!describe(*schema.children[index], column)) return false;
    // The stamp is always there.
    if (index < kStampColumns) schema.children[index]->flags &= ~ARROW_FLAG_NULLABLE;
  }
  const std::string format = std::to_string(kFormatMajor) + "." + std::to_string(kFormatMinor);
  return set_metadata(schema, Pairs{{kKeyFormat, format},
                               {kKeyTable, table.name},
                               {kKeyDescription, table.help},
                               {kKeyScope, table.scope},
                               {kKeyRecording, recording_id},
                               {kKeyNumber, std::to_string(number)},
                               {kKeyChecksum, "00000000"}});
}

}  // namespace

Result<Bytes> encode_schema(const Table& table, std::string_view recording_id,
                            std::uint32_t number) {
  SchemaOwner owner;
  BufferOwner encoded;
  if (!describe(owner.schema, table, recording_id, number) ||
      !encode_message(owner.schema, encoded))
    return Error{ErrorCode::exhausted,
                 "no memory for the schema of table " + std::string(table.name)};
  const auto* first = reinterpret_cast<const std::byte*>(encoded.buffer.data);
  Bytes message(first, first + encoded.buffer.size_bytes);
  const std::span<std::byte> metadata = std::span(message).subspan(kPrefixSize);
  const auto view = parse_message(metadata);
  if (!view || !view->checksum_at)
    return Error{ErrorCode::bug, "the schema of table " + std::string(table.name) +
                                     " does not read back"};
  put_hexadecimal(metadata.subspan(*view->checksum_at, 8),
                  message_checksum(metadata, *view->checksum_at, {}));
  return message;
}

}  // namespace tacho
