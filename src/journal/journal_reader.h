// SPDX-License-Identifier: Apache-2.0
// Reads a live file message by message and trusts none without its checksum. Looks beyond a
// damaged place, and beyond an end marker, for the next whole batch; not for ever where a file was made
// so that it would. Knows no Arrow C++: the reader
// of the rows decodes `metadata` and `body`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

struct JournalBatch {
  std::uint64_t offset = 0;    // of the prefix in the file
  std::uint64_t sequence = 0;
  std::int64_t rows = 0;
  std::span<const std::byte> metadata;  // the flatbuffer Message, without the prefix
  std::span<const std::byte> body;
};

struct JournalDamage {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;            // passed over
  std::uint64_t missing_batches = 0;  // by sequence numbers; 0 when none can be told
  std::string what;
};

class JournalReader {
 public:
  // Maps the file as it is now; what is appended later is not seen. `corrupt` when it does not
  // begin with a schema message at all.
  static Result<JournalReader> open(int folder, const std::string& name);
  JournalReader(JournalReader&&) noexcept;
  JournalReader& operator=(JournalReader&&) noexcept;
  ~JournalReader();

  // The flatbuffer Message of the schema, without the prefix.
  std::span<const std::byte> schema() const { return schema_; }
  bool schema_is_intact() const { return schema_is_intact_; }

  // The next whole batch, or nothing at the end. Spans live as long as the reader.
  std::optional<JournalBatch> next();
  // What was passed over so far; complete after the last batch.
  const std::vector<JournalDamage>& damage() const { return damage_; }
  std::uint64_t file_size() const { return bytes_.size(); }

 private:
  JournalReader() = default;
  std::span<const std::byte> bytes_;  // the map
  std::span<const std::byte> schema_;
  bool schema_is_intact_ = false;
  std::uint64_t at_ = 0;
  std::uint64_t next_sequence_ = 0;
  bool has_ended_ = false;
  std::uint64_t effort_ = 0;  // bytes that may still be read for checksums that do not match
  std::vector<JournalDamage> damage_;
};

}  // namespace tacho
