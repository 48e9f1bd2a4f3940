// SPDX-License-Identifier: Apache-2.0
// Records that wait to be taken: one thread empties a buffer of the kernel into it, another takes
// them out. Bounded, so that a storm of processes costs a known amount of memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

class Backlog {
 public:
  // At most `limit` bytes wait.
  static Result<std::unique_ptr<Backlog>> create(std::size_t limit);

  // False when there is no room; the record is counted in `dropped`.
  bool push(std::span<const std::byte> record);
  // Calls `each` with all that waits, in the order of `push`; each record is aligned to 8 bytes and
  // stays valid until the next call.
  void take(const std::function<void(std::span<const std::byte>)>& each);
  std::int64_t dropped() const;
  // Readable while a quarter of the room or more is used: what is made of the records takes more than
  // they do, so they should not become many.
  int descriptor() const { return filling_.get(); }

 private:
  Backlog(std::size_t limit, FileDescriptor filling)
      : limit_(limit), filling_(std::move(filling)) {}

  // Records, each: its size in bytes, then its bytes padded to 8. A chunk never grows beyond what it was
  // made with, so that nothing is copied when more comes.
  using Chunk = std::vector<std::uint64_t>;
  Chunk& chunk_with_room(std::size_t words);

  const std::size_t limit_;
  FileDescriptor filling_;  // eventfd
  mutable std::mutex mutex_;
  std::vector<Chunk> waiting_;
  std::size_t used_ = 0;       // bytes in `waiting_`
  Chunk spare_;                // for the next one
  std::vector<Chunk> taken_;   // used by the taking thread alone
  bool is_told_ = false;
  std::int64_t dropped_ = 0;
};

}  // namespace tacho
