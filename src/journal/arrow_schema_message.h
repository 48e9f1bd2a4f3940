// SPDX-License-Identifier: Apache-2.0
// A schema as the bytes of Arrow's IPC message: of a journal file, and of a wide one.
#pragma once

#include <cstdint>
#include <string_view>

#include "nanoarrow/nanoarrow.h"
#include "nanoarrow/nanoarrow_ipc.h"

namespace tacho {

struct SchemaOwner {
  ArrowSchema schema{};
  ~SchemaOwner() {
    if (schema.release != nullptr) schema.release(&schema);
  }
};

struct BufferOwner {
  ArrowBuffer buffer{};
  BufferOwner() { ArrowBufferInit(&buffer); }
  ~BufferOwner() { ArrowBufferReset(&buffer); }
};

// Pairs of key and value, those without a value left out. False without memory, as below.
template <class Pairs>
bool set_metadata(ArrowSchema& schema, const Pairs& pairs) {
  const auto view_of = [](std::string_view text) {
    return ArrowStringView{text.data(), static_cast<std::int64_t>(text.size())};
  };
  BufferOwner metadata;
  if (ArrowMetadataBuilderInit(&metadata.buffer, nullptr) != NANOARROW_OK) return false;
  for (const auto& [key, value] : pairs)
    if (!std::string_view(value).empty() &&
        ArrowMetadataBuilderAppend(&metadata.buffer, view_of(key), view_of(value)) != NANOARROW_OK)
      return false;
  return ArrowSchemaSetMetadata(&schema, reinterpret_cast<const char*>(metadata.buffer.data)) ==
         NANOARROW_OK;
}

inline bool encode_message(const ArrowSchema& schema, BufferOwner& into) {
  ArrowIpcEncoder encoder{};
  if (ArrowIpcEncoderInit(&encoder) != NANOARROW_OK) return false;
  const bool encoded = ArrowIpcEncoderEncodeSchema(&encoder, &schema, nullptr) == NANOARROW_OK &&
                       ArrowIpcEncoderFinalizeBuffer(&encoder, 1, &into.buffer) == NANOARROW_OK;
  ArrowIpcEncoderReset(&encoder);
  return encoded;
}

}  // namespace tacho
