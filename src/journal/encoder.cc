// SPDX-License-Identifier: Apache-2.0
#include "journal/encoder.h"

#include <lz4.h>
#include <lz4frame.h>

#include <cstring>
#include <map>
#include <memory>
#include <mutex>

#include "base/error.h"
#include "journal/format.h"
#include "journal/message.h"

namespace tacho {
namespace {

// Below this a body is not worth the call; at 2,000 processes the `process` body is 40 kB.
constexpr std::size_t kSmallestCompressedBody = 4096;
// Arrow wants buffers 8-byte aligned.
constexpr std::size_t kAlignment = 8;

void pad(Bytes& out, std::size_t start) {
  const std::size_t beyond = (out.size() - start) % kAlignment;
  if (beyond != 0) out.resize(out.size() + kAlignment - beyond);
}

void append_bytes(Bytes& out, const void* data, std::size_t size) {
  const auto* first = static_cast<const std::byte*>(data);
  out.insert(out.end(), first, first + size);
}

// The buffers of a body in Arrow's order. `offsets` is room for those of texts.
template <class Each>
void for_each_buffer(const Rows& rows, std::vector<std::int32_t>& offsets, Each each) {
  for (const ColumnData& column : rows.columns()) {
    each(column.present.data(), column.null_count(rows.size()) == 0 ? 0 : (rows.size() + 7) / 8);
    if (column.type == Type::text) {
      offsets.assign(1, 0);
      offsets.insert(offsets.end(), column.ends.data(), column.ends.data() + rows.size());
      each(offsets.data(), offsets.size() * sizeof offsets[0]);
      each(column.bytes.data(), column.bytes.size());
    } else {
      each(column.words.data(), rows.size() * sizeof(std::uint64_t));
    }
  }
}

std::size_t body_size(const Rows& rows) {
  std::size_t size = 0;
  for (const ColumnData& column : rows.columns()) {
    if (column.null_count(rows.size()) != 0) size += (rows.size() + 7) / 8;
    size += column.type == Type::text
                ? (rows.size() + 1) * sizeof(std::int32_t) + column.bytes.size()
                : rows.size() * sizeof(std::uint64_t);
  }
  return size;
}

struct Templates {
  BatchTemplate plain;
  BatchTemplate compressed;
};

Result<std::shared_ptr<const Templates>> make_templates(const Table& table) {
  auto made = std::make_shared<Templates>();
  std::size_t buffers = 0;
  const auto count = [&](const Column& column) { buffers += column.type == Type::text ? 3 : 2; };
  for (const Column& column : kStamp) count(column);
  for (const Column& column : table.columns) count(column);
  const std::size_t nodes = kStampColumns + table.columns.size();
  made->plain = TRY(make_batch_template(nodes, buffers, BodyCompression::none));
  made->compressed = TRY(make_batch_template(nodes, buffers, BodyCompression::lz4));
  // `finish` tells the two apart by their size; padding behind a message's metadata is allowed.
  if (made->compressed.metadata.size() == made->plain.metadata.size())
    made->compressed.metadata.resize(made->plain.metadata.size() + kAlignment);
  return std::shared_ptr<const Templates>(std::move(made));
}

// The collector's side and the writer's have an encoder each for every table. Its templates are made
// once while any of them lives: time before the first tick, and memory.
Result<std::shared_ptr<const Templates>> templates_of(const Table& table) {
  static std::mutex mutex;
  static std::map<const Table*, std::weak_ptr<const Templates>> known;
  const std::scoped_lock lock(mutex);
  std::weak_ptr<const Templates>& place = known[&table];
  if (auto made = place.lock()) return made;
  const std::shared_ptr<const Templates> made = TRY(make_templates(table));
  place = made;
  return made;
}

}  // namespace

struct BatchEncoder::State {
  std::shared_ptr<const Templates> templates;
  std::vector<BufferPlace> places;
  std::vector<std::int32_t> offsets;
  Bytes frame;  // room for one that is being compressed
  LZ4F_cctx* compressor = nullptr; // made at the first large body

  ~State() { LZ4F_freeCompressionContext(compressor); }
  const BatchTemplate& append_body(const Rows& rows, std::size_t start, Bytes& out);
  template <class Append>
  void append_buffers(const Rows& rows, std::size_t body_at, Bytes& out, Append append);
};

BatchEncoder::BatchEncoder(std::unique_ptr<State> state) : state_(std::move(state)) {}
BatchEncoder::BatchEncoder(BatchEncoder&&) noexcept = default;
BatchEncoder& BatchEncoder::operator=(BatchEncoder&&) noexcept = default;
BatchEncoder::~BatchEncoder() = default;

Result<BatchEncoder> BatchEncoder::create(const Table& table) {
  auto state = std::make_unique<State>();
  state->templates = TRY(templates_of(table));
  return BatchEncoder(std::move(state));
}

namespace {

// One LZ4 frame of `data` at the beginning of `frame`, which has room; 0 when it does not shrink.
std::size_t make_frame(const std::byte* data, std::size_t size, LZ4F_cctx* compressor, Bytes& frame) {
  LZ4F_preferences_t preferences{};
  preferences.frameInfo.contentSize = size;
  preferences.frameInfo.blockMode = LZ4F_blockIndependent;
  preferences.autoFlush = 1;  // no buffer inside the context
  const std::size_t room = LZ4F_HEADER_SIZE_MAX + LZ4F_compressBound(size, &preferences);
  if (frame.size() < room) frame.resize(room);
  std::size_t used = LZ4F_compressBegin(compressor, frame.data(), frame.size(), &preferences);
  if (LZ4F_isError(used) != 0U) return 0;
  const std::size_t body = LZ4F_compressUpdate(compressor, frame.data() + used, frame.size() - used,
                                               data, size, nullptr);
  if (LZ4F_isError(body) != 0U) return 0;
  used += body;
  const std::size_t end =
      LZ4F_compressEnd(compressor, frame.data() + used, frame.size() - used, nullptr);
  return LZ4F_isError(end) != 0U || used + end >= size ? 0 : used + end;
}

// Each buffer as Arrow wants it: its length before compression (little-endian, 64 bits), then an LZ4
// frame; a length of -1 says that what follows is not compressed.
void append_compressed(const void* data, std::size_t size, LZ4F_cctx* compressor, Bytes& frame,
                       Bytes& out) {
  const std::size_t made = make_frame(static_cast<const std::byte*>(data), size, compressor, frame);
  const std::int64_t prefix = made == 0 ? -1 : static_cast<std::int64_t>(size);
  append_bytes(out, &prefix, sizeof prefix);
  append_bytes(out, made == 0 ? data : frame.data(), made == 0 ? size : made);
}

void put(Bytes& out, std::size_t at, std::int64_t value) {
  std::memcpy(out.data() + at, &value, sizeof value);
}

}  // namespace

// Appends the body behind room for prefix and metadata, which `start` begins; the template that
// fits it. Compressed where that makes it smaller.
const BatchTemplate& BatchEncoder::State::append_body(const Rows& rows, std::size_t start,
                                                      Bytes& out) {
  const std::size_t size = body_size(rows);
  if (size >= kSmallestCompressedBody && compressor == nullptr)
    LZ4F_createCompressionContext(&compressor, LZ4F_VERSION);
  if (size >= kSmallestCompressedBody && compressor != nullptr) {
    const std::size_t body_at = start + kPrefixSize + templates->compressed.metadata.size();
    append_buffers(rows, body_at, out, [&](const void* data, std::size_t bytes) {
      append_compressed(data, bytes, compressor, frame, out);
    });
    if (out.size() - body_at < size) return templates->compressed;
  }
  append_buffers(rows, start + kPrefixSize + templates->plain.metadata.size(), out,
                 [&](const void* data, std::size_t bytes) { append_bytes(out, data, bytes); });
  return templates->plain;
}

template <class Append>
void BatchEncoder::State::append_buffers(const Rows& rows, std::size_t body_at, Bytes& out,
                                         Append append) {
  out.resize(body_at);
  places.clear();
  for_each_buffer(rows, offsets, [&](const void* data, std::size_t size) {
    const std::size_t at = out.size();
    if (size > 0) append(data, size);
    places.push_back({static_cast<std::int64_t>(at - body_at),
                      static_cast<std::int64_t>(out.size() - at)});
    pad(out, body_at);
  });
}

void BatchEncoder::encode(const Rows& rows, Bytes& out) {
  const std::size_t start = out.size();
  const BatchTemplate& chosen = state_->append_body(rows, start, out);
  const std::size_t metadata_at = start + kPrefixSize;
  const auto metadata_size = static_cast<std::uint32_t>(chosen.metadata.size());
  std::memcpy(out.data() + start, &kContinuation, sizeof kContinuation);
  std::memcpy(out.data() + start + 4, &metadata_size, sizeof metadata_size);
  std::memcpy(out.data() + metadata_at, chosen.metadata.data(), metadata_size);
  put(out, metadata_at + chosen.rows_at, static_cast<std::int64_t>(rows.size()));
  put(out, metadata_at + chosen.body_length_at,
      static_cast<std::int64_t>(out.size() - metadata_at - metadata_size));
  std::size_t node_at = metadata_at + chosen.nodes_at;
  for (const ColumnData& column : rows.columns()) {
    const FieldNode node{static_cast<std::int64_t>(rows.size()),
                         static_cast<std::int64_t>(column.null_count(rows.size()))};
    std::memcpy(out.data() + node_at, &node, sizeof node);
    node_at += sizeof node;
  }
  std::memcpy(out.data() + metadata_at + chosen.buffers_at, state_->places.data(),
              state_->places.size() * sizeof(BufferPlace));
}

void BatchEncoder::finish(std::span<std::byte> message, std::uint64_t sequence) const {
  std::uint32_t metadata_size = 0;
  std::memcpy(&metadata_size, message.data() + 4, sizeof metadata_size);
  const Templates& templates = *state_->templates;
  const BatchTemplate& made = metadata_size == templates.plain.metadata.size()
                                  ? templates.plain
                                  : templates.compressed;
  const std::span<std::byte> metadata = message.subspan(kPrefixSize, metadata_size);
  put_hexadecimal(metadata.subspan(made.sequence_at, 16), sequence);
  put_hexadecimal(metadata.subspan(made.checksum_at, 8),
                  message_checksum(metadata, made.checksum_at,
                                   message.subspan(kPrefixSize + metadata_size)));
}

}  // namespace tacho
