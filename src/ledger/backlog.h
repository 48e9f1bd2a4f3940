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
  // Readable while half of the room or more is used.
  int descriptor() const { return half_full_.get(); }

 private:
  Backlog(std::size_t limit, FileDescriptor half_full)
      : limit_(limit), half_full_(std::move(half_full)) {}

  const std::size_t limit_;
  FileDescriptor half_full_;  // eventfd
  mutable std::mutex mutex_;
  std::vector<std::uint64_t> waiting_;  // each record: its size in bytes, then its bytes padded to 8
  std::vector<std::uint64_t> taken_;    // used by the taking thread alone
  bool is_told_ = false;
  std::int64_t dropped_ = 0;
};

}  // namespace tacho
