// SPDX-License-Identifier: Apache-2.0
// The flatbuffer inside an Arrow IPC message: read with every offset verified, and the template of
// a table's record batches. Source: Arrow columnar format, Message.fbs and Schema.fbs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"

namespace tacho {

enum class MessageKind : std::uint8_t { schema, record_batch, other };

struct MessageView {
  MessageKind kind = MessageKind::other;
  std::int64_t rows = 0;           // of a record batch
  std::int64_t body_length = 0;
  std::optional<std::size_t> checksum_at;  // where the 8 digits stand in the metadata
  std::optional<std::uint32_t> checksum;   // their value
  std::optional<std::size_t> sequence_at;  // where the 16 digits stand
  std::optional<std::uint64_t> sequence;
};

// Nothing when the bytes are no message whose offsets all lie inside.
std::optional<MessageView> parse_message(std::span<const std::byte> metadata);

// Over the metadata with its checksum's digits as zeros, then the body.
std::uint32_t message_checksum(std::span<const std::byte> metadata, std::size_t checksum_at,
                               std::span<const std::byte> body);

// Writes `value` as lower-case hexadecimal digits, filling `digits`.
void put_hexadecimal(std::span<std::byte> digits, std::uint64_t value);

// Mirrors of the format's structs, which lie in the metadata little-endian and 8-byte aligned.
struct FieldNode {
  std::int64_t length;
  std::int64_t null_count;
};
struct BufferPlace {
  std::int64_t offset;
  std::int64_t length;
};
static_assert(sizeof(FieldNode) == 16 && sizeof(BufferPlace) == 16);

enum class BodyCompression : std::uint8_t { none, lz4 };

// The metadata of a record batch and where in it what differs between batches stands.
struct BatchTemplate {
  std::vector<std::byte> metadata;  // a multiple of 8 bytes
  std::size_t rows_at = 0;
  std::size_t body_length_at = 0;
  std::size_t nodes_at = 0;
  std::size_t buffers_at = 0;
  std::size_t checksum_at = 0;
  std::size_t sequence_at = 0;
};
Result<BatchTemplate> make_batch_template(std::size_t nodes, std::size_t buffers,
                                          BodyCompression compression);

}  // namespace tacho
