// SPDX-License-Identifier: Apache-2.0
#include "journal/journal_reader.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/format.h"
#include "journal/message.h"

namespace tacho {
namespace {

// The metadata of a record batch is 48 bytes a column and a bit; no table has 1,000 columns.
constexpr std::uint64_t kLargestMetadata = std::uint64_t{64} << 10;

// How many times the size of a file is read for checksums that do not match, before the rest of it is
// given up. Damage costs each batch once or twice; messages that lie over one another, as nobody writes
// them, would cost the square of the file's size.
constexpr std::uint64_t kMostEffort = 64;

// A message found at an offset, its checksum verified.
struct Found {
  MessageView view;
  std::span<const std::byte> metadata;
  std::span<const std::byte> body;
  std::uint64_t size = 0;  // prefix, metadata and body
};

std::uint32_t word_at(std::span<const std::byte> bytes, std::uint64_t offset) {
  std::uint32_t word = 0;
  std::memcpy(&word, bytes.data() + offset, sizeof word);
  return word;
}

// What would be a message if its prefix stood at `offset` and its metadata had this size.
std::optional<Found> frame_at(std::span<const std::byte> bytes, std::uint64_t offset,
                              std::uint64_t metadata_size) {
  const std::uint64_t metadata_at = offset + kPrefixSize;
  if (metadata_size == 0 || metadata_size % 8 != 0 || metadata_at > bytes.size() ||
      metadata_size > bytes.size() - metadata_at)
    return std::nullopt;
  const auto metadata = bytes.subspan(metadata_at, metadata_size);
  const auto view = parse_message(metadata);
  if (!view || !view->checksum || !view->checksum_at) return std::nullopt;
  const std::uint64_t body_at = metadata_at + metadata_size;
  const auto body_size = static_cast<std::uint64_t>(view->body_length);
  if (body_size % 8 != 0 || body_size > bytes.size() - body_at) return std::nullopt;
  return Found{.view = *view,
               .metadata = metadata,
               .body = bytes.subspan(body_at, body_size),
               .size = kPrefixSize + metadata_size + body_size};
}

// Whether its checksum matches; where it does not, its size is taken off `effort`.
bool is_intact(const Found& frame, std::uint64_t& effort) {
  if (frame.size > effort) return false;
  if (message_checksum(frame.metadata, *frame.view.checksum_at, frame.body) == *frame.view.checksum)
    return true;
  effort -= frame.size;
  return false;
}

// The whole message whose prefix stands at `offset`, if its metadata has this size.
std::optional<Found> message_at(std::span<const std::byte> bytes, std::uint64_t offset,
                                std::uint64_t metadata_size, std::uint64_t& effort) {
  auto found = frame_at(bytes, offset, metadata_size);
  return found && is_intact(*found, effort) ? found : std::nullopt;
}

// A record batch that is not older than the one awaited.
bool is_batch(const std::optional<Found>& found, std::uint64_t awaited) {
  return found && found->view.kind == MessageKind::record_batch && found->view.sequence &&
         *found->view.sequence >= awaited;
}

bool is_inside(std::span<const std::byte> bytes, std::uint64_t offset) {
  return offset <= bytes.size() && bytes.size() - offset >= kPrefixSize;
}

bool is_prefix(std::span<const std::byte> bytes, std::uint64_t offset) {
  return is_inside(bytes, offset) && word_at(bytes, offset) == kContinuation;
}

// The batch that begins at `offset` when only its prefix is damaged: every length is tried behind which
// another message begins, or nothing. Most lengths can be read as metadata, and a checksum costs the whole
// batch.
std::optional<Found> batch_of_any_length(std::span<const std::byte> bytes, std::uint64_t offset,
                                         std::uint64_t awaited, std::uint64_t& effort) {
  for (std::uint64_t size = 64; size <= kLargestMetadata; size += 8) {
    auto found = frame_at(bytes, offset, size);
    if (!is_batch(found, awaited)) continue;
    const std::uint64_t end = offset + found->size;
    if ((end == bytes.size() || is_prefix(bytes, end)) && is_intact(*found, effort)) return found;
  }
  return std::nullopt;
}

// The first whole batch behind `offset` that is not older than `awaited`; moves `offset` to it.
std::optional<Found> scan(std::span<const std::byte> bytes, std::uint64_t awaited,
                          std::uint64_t& offset, std::uint64_t& effort) {
  for (std::uint64_t at = (offset + 7) / 8 * 8 + 8; is_inside(bytes, at); at += 8) {
    if (!is_prefix(bytes, at)) continue;
    auto found = message_at(bytes, at, word_at(bytes, at + 4), effort);
    if (!is_batch(found, awaited)) continue;
    offset = at;
    return found;
  }
  return std::nullopt;
}

// Called where a whole batch should stand and does not: at the end marker, or at damage. What is
// passed over is noted; `offset` moves to the batch found. A batch behind an end marker counts as
// committed only when a later one follows: a writer that was stopped between writing and committing
// leaves a whole one there, whose rows may have gone to another file.
std::optional<Found> find_beyond(std::span<const std::byte> bytes, std::uint64_t awaited,
                                 std::uint64_t& offset, std::uint64_t& effort,
                                 std::vector<JournalDamage>& damage) {
  const bool at_marker = is_prefix(bytes, offset) && word_at(bytes, offset + 4) == 0;
  auto here = batch_of_any_length(bytes, offset, awaited, effort);
  if (here && !at_marker) {
    damage.push_back({.offset = offset,
                      .bytes = kPrefixSize,
                      .missing_batches = *here->view.sequence - awaited,
                      .what = "a batch's prefix is damaged; the batch was found by its checksum"});
    return here;
  }
  std::uint64_t later = offset;
  auto beyond = scan(bytes, here ? *here->view.sequence + 1 : awaited, later, effort);
  if (beyond && here) {
    damage.push_back({.offset = offset,
                      .bytes = kPrefixSize,
                      .missing_batches = *here->view.sequence - awaited,
                      .what = "a batch's length is damaged and reads as an end marker"});
    return here;
  }
  if (beyond) {
    damage.push_back({.offset = offset,
                      .bytes = later - offset,
                      .missing_batches = *beyond->view.sequence - awaited,
                      .what = "batches are damaged: their checksums do not match"});
    offset = later;
    return beyond;
  }
  if (!at_marker)
    damage.push_back({.offset = offset,
                      .bytes = bytes.size() - std::min<std::uint64_t>(offset, bytes.size()),
                      .what = "no end marker: the file was cut or its end is damaged"});
  return std::nullopt;
}

}  // namespace

Result<JournalReader> JournalReader::open(int folder, const std::string& name) {
  const FileDescriptor file(
      openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  if (!file) return last_system_error("open", name);
  struct stat status {};
  if (fstat(file.get(), &status) != 0) return last_system_error("look at", name);
  const auto size = static_cast<std::size_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || size < kPrefixSize + kMarkerSize)
    return Error{ErrorCode::corrupt, name + " is no journal: " + std::to_string(size) +
                                         " bytes; expected an Arrow IPC stream"};
  void* map = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (map == MAP_FAILED) return last_system_error("map", name);
  JournalReader reader;
  reader.bytes_ = {static_cast<const std::byte*>(map), size};
  reader.effort_ = kMostEffort * size;
  const std::uint64_t schema_size = word_at(reader.bytes_, 4);
  if (!is_prefix(reader.bytes_, 0) || schema_size == 0 || schema_size % 8 != 0 ||
      schema_size > size - kPrefixSize) {
    // The schema is lost; the batches behind it may be whole.
    reader.damage_.push_back({.bytes = kPrefixSize, .what = "the schema message has no valid length"});
    reader.at_ = kPrefixSize;
    return reader;
  }
  reader.schema_ = reader.bytes_.subspan(kPrefixSize, schema_size);
  const auto found = message_at(reader.bytes_, 0, schema_size, reader.effort_);
  reader.schema_is_intact_ = found && found->view.kind == MessageKind::schema;
  reader.at_ = kPrefixSize + schema_size;
  if (!reader.schema_is_intact_)
    reader.damage_.push_back(
        {.bytes = reader.at_, .what = "the schema message does not match its checksum"});
  return reader;
}

JournalReader::JournalReader(JournalReader&& other) noexcept { *this = std::move(other); }

JournalReader& JournalReader::operator=(JournalReader&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(schema_, other.schema_);
  std::swap(schema_is_intact_, other.schema_is_intact_);
  std::swap(at_, other.at_);
  std::swap(next_sequence_, other.next_sequence_);
  std::swap(has_ended_, other.has_ended_);
  std::swap(effort_, other.effort_);
  std::swap(damage_, other.damage_);
  return *this;
}

JournalReader::~JournalReader() {
  if (!bytes_.empty()) munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

std::optional<JournalBatch> JournalReader::next() {
  if (has_ended_) return std::nullopt;
  std::uint64_t offset = at_;
  std::optional<Found> found;
  const auto look_here = [&] {
    if (is_prefix(bytes_, at_)) found = message_at(bytes_, at_, word_at(bytes_, at_ + 4), effort_);
    return is_batch(found, next_sequence_);
  };
  if (!look_here()) {
    const std::size_t damages = damage_.size();
    found = find_beyond(bytes_, next_sequence_, offset, effort_, damage_);
    // A writer that goes on may have committed here after the first look, and more behind it before the
    // last one: batches come in order, so that this one is whole by now.
    if (damage_.size() > damages) {
      const auto beyond = std::exchange(found, std::nullopt);
      if (look_here()) {
        damage_.resize(damages);
        offset = at_;
      } else {
        found = beyond;
      }
    }
  }
  if (!found) {
    has_ended_ = true;
    return std::nullopt;
  }
  const std::uint64_t sequence = *found->view.sequence;
  at_ = offset + found->size;
  next_sequence_ = sequence + 1;
  return JournalBatch{.offset = offset,
                      .sequence = sequence,
                      .rows = found->view.rows,
                      .metadata = found->metadata,
                      .body = found->body};
}

}  // namespace tacho
