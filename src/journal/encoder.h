// SPDX-License-Identifier: Apache-2.0
// Rows to Arrow IPC messages. All batches of a table have one shape, so their metadata is built
// once and afterwards only patched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "schema/rows.h"
#include "schema/table.h"

namespace tacho {

using Bytes = std::vector<std::byte>;

// The schema message of a journal file, prefix included, with its checksum set.
Result<Bytes> encode_schema(const Table& table, std::string_view recording_id,
                            std::uint32_t number);

class BatchEncoder {
 public:
  static Result<BatchEncoder> create(const Table& table);
  BatchEncoder(BatchEncoder&&) noexcept;
  BatchEncoder& operator=(BatchEncoder&&) noexcept;
  ~BatchEncoder();

  // Appends the message of `rows` to `out`: prefix, metadata, body; sequence and checksum still
  // unset. Bodies above 4 KiB are compressed with LZ4 when that makes them smaller.
  void encode(const Rows& rows, Bytes& out);
  // Sets sequence and checksum in a message that `encode` made.
  void finish(std::span<std::byte> message, std::uint64_t sequence) const;

 private:
  struct State;
  explicit BatchEncoder(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacho
