// SPDX-License-Identifier: Apache-2.0
#include "journal/message.h"

#include <array>
#include <cstring>
#include <string>
#include <string_view>

#include "base/crc32c.h"
#include "base/text.h"
#include "flatcc/flatcc_builder.h"
#include "journal/format.h"
#include "nanoarrow/ipc/flatcc_generated.h"

#define ARROW_FB(name) org_apache_arrow_flatbuf_##name

namespace tacho {
namespace {

constexpr std::size_t kChecksumDigits = 8;
constexpr std::size_t kSequenceDigits = 16;
// A scalar equal to its default would not be stored at all; this one never is.
constexpr std::int64_t kPlaceholder = 1;

std::size_t offset_in(std::span<const std::byte> metadata, const void* place) {
  return static_cast<std::size_t>(static_cast<const std::byte*>(place) - metadata.data());
}

// Finds the value of `key` when it has exactly `digits` hexadecimal digits.
template <class Value>
void find_digits(std::span<const std::byte> metadata, ARROW_FB(KeyValue_vec_t) pairs,
                 std::string_view key, std::size_t digits, std::optional<std::size_t>& at,
                 std::optional<Value>& value) {
  for (std::size_t index = 0; index < ARROW_FB(KeyValue_vec_len)(pairs); ++index) {
    const auto pair = ARROW_FB(KeyValue_vec_at)(pairs, index);
    const flatbuffers_string_t name = ARROW_FB(KeyValue_key_get)(pair);
    const flatbuffers_string_t text = ARROW_FB(KeyValue_value_get)(pair);
    if (name == nullptr || text == nullptr) continue;
    const std::string_view digits_text(text, flatbuffers_string_len(text));
    if (std::string_view(name, flatbuffers_string_len(name)) != key ||
        digits_text.size() != digits)
      continue;
    at = offset_in(metadata, text);
    value = parse_integer<Value>(digits_text, 16);
    return;
  }
}

bool push_pair(flatcc_builder_t* builder, std::string_view key, std::size_t digits) {
  const std::string zeros(digits, '0');
  return ARROW_FB(Message_custom_metadata_push_start)(builder) == 0 &&
         ARROW_FB(KeyValue_key_create_str)(builder, std::string(key).c_str()) == 0 &&
         ARROW_FB(KeyValue_value_create_str)(builder, zeros.c_str()) == 0 &&
         ARROW_FB(Message_custom_metadata_push_end)(builder) != nullptr;
}

bool build_batch(flatcc_builder_t* builder, std::size_t nodes, std::size_t buffers,
                 BodyCompression compression) {
  const std::vector<ARROW_FB(FieldNode_t)> empty_nodes(nodes);
  const std::vector<ARROW_FB(Buffer_t)> empty_buffers(buffers);
  if (ARROW_FB(Message_start_as_root)(builder) != 0 ||
      ARROW_FB(Message_version_add)(builder, ARROW_FB(MetadataVersion_V5)) != 0 ||
      ARROW_FB(Message_header_RecordBatch_start)(builder) != 0 ||
      ARROW_FB(RecordBatch_length_add)(builder, kPlaceholder) != 0 ||
      ARROW_FB(RecordBatch_nodes_create)(builder, empty_nodes.data(), nodes) != 0 ||
      ARROW_FB(RecordBatch_buffers_create)(builder, empty_buffers.data(), buffers) != 0)
    return false;
  // LZ4_FRAME and BUFFER are the defaults of both fields: an empty table says them.
  if (compression == BodyCompression::lz4 &&
      (ARROW_FB(RecordBatch_compression_start)(builder) != 0 ||
       ARROW_FB(RecordBatch_compression_end)(builder) != 0))
    return false;
  return ARROW_FB(Message_header_RecordBatch_end)(builder) == 0 &&
         ARROW_FB(Message_bodyLength_add)(builder, kPlaceholder) == 0 &&
         ARROW_FB(Message_custom_metadata_start)(builder) == 0 &&
         push_pair(builder, kKeyChecksum, kChecksumDigits) &&
         push_pair(builder, kKeySequence, kSequenceDigits) &&
         ARROW_FB(Message_custom_metadata_end)(builder) == 0 &&
         ARROW_FB(Message_end_as_root)(builder) != 0;
}

// Where in finished metadata everything stands.
Result<BatchTemplate> locate(std::vector<std::byte> metadata) {
  BatchTemplate made{.metadata = std::move(metadata)};
  const std::span<const std::byte> bytes = made.metadata;
  const auto view = parse_message(bytes);
  if (!view || !view->checksum_at || !view->sequence_at)
    return Error{ErrorCode::bug, "the template of a record batch does not read back"};
  const auto message = ARROW_FB(Message_as_root)(bytes.data());
  const auto batch =
      static_cast<ARROW_FB(RecordBatch_table_t)>(ARROW_FB(Message_header_get)(message));
  made.rows_at = offset_in(bytes, ARROW_FB(RecordBatch_length_get_ptr)(batch));
  made.body_length_at = offset_in(bytes, ARROW_FB(Message_bodyLength_get_ptr)(message));
  made.nodes_at = offset_in(bytes, ARROW_FB(RecordBatch_nodes_get)(batch));
  made.buffers_at = offset_in(bytes, ARROW_FB(RecordBatch_buffers_get)(batch));
  made.checksum_at = *view->checksum_at;
  made.sequence_at = *view->sequence_at;
  return made;
}

}  // namespace

std::optional<MessageView> parse_message(std::span<const std::byte> metadata) {
  // flatcc's verifier wants the buffer aligned as the format promises.
  if (metadata.size() < 16 || reinterpret_cast<std::uintptr_t>(metadata.data()) % 8 != 0)
    return std::nullopt;
  if (ARROW_FB(Message_verify_as_root)(metadata.data(), metadata.size()) != 0) return std::nullopt;
  const auto message = ARROW_FB(Message_as_root)(metadata.data());
  MessageView view{.body_length = ARROW_FB(Message_bodyLength_get)(message)};
  auto pairs = ARROW_FB(Message_custom_metadata_get)(message);
  if (ARROW_FB(Message_header_get)(message) == nullptr) return std::nullopt;
  switch (ARROW_FB(Message_header_type_get)(message)) {
    case ARROW_FB(MessageHeader_Schema):
      view.kind = MessageKind::schema;  // its own metadata, which stock readers show
      pairs = ARROW_FB(Schema_custom_metadata_get)(
          static_cast<ARROW_FB(Schema_table_t)>(ARROW_FB(Message_header_get)(message)));
      break;
    case ARROW_FB(MessageHeader_RecordBatch):
      view.kind = MessageKind::record_batch;
      view.rows = ARROW_FB(RecordBatch_length_get)(
          static_cast<ARROW_FB(RecordBatch_table_t)>(ARROW_FB(Message_header_get)(message)));
      break;
    default:
      break;
  }
  if (view.body_length < 0 || view.rows < 0) return std::nullopt;
  find_digits(metadata, pairs, kKeyChecksum, kChecksumDigits, view.checksum_at, view.checksum);
  find_digits(metadata, pairs, kKeySequence, kSequenceDigits, view.sequence_at, view.sequence);
  return view;
}

std::uint32_t message_checksum(std::span<const std::byte> metadata, std::size_t checksum_at,
                               std::span<const std::byte> body) {
  std::array<std::byte, kChecksumDigits> zeros;
  zeros.fill(std::byte{'0'});
  std::uint32_t sum = crc32c(metadata.first(checksum_at));
  sum = crc32c(zeros, sum);
  sum = crc32c(metadata.subspan(checksum_at + kChecksumDigits), sum);
  return crc32c(body, sum);
}

void put_hexadecimal(std::span<std::byte> digits, std::uint64_t value) {
  for (std::size_t left = digits.size(); left > 0; --left, value >>= 4)
    digits[left - 1] = static_cast<std::byte>("0123456789abcdef"[value & 0xF]);
}

Result<BatchTemplate> make_batch_template(std::size_t nodes, std::size_t buffers,
                                          BodyCompression compression) {
  flatcc_builder_t builder;
  if (flatcc_builder_init(&builder) != 0)
    return Error{ErrorCode::exhausted, "no memory for the template of a record batch"};
  std::vector<std::byte> metadata;
  if (build_batch(&builder, nodes, buffers, compression)) {
    metadata.resize((flatcc_builder_get_buffer_size(&builder) + 7) / 8 * 8);
    flatcc_builder_copy_buffer(&builder, metadata.data(), metadata.size());
  }
  flatcc_builder_clear(&builder);
  if (metadata.empty())
    return Error{ErrorCode::exhausted, "no memory for the template of a record batch"};
  return locate(std::move(metadata));
}

}  // namespace tacho
