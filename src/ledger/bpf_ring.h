// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer (BPF_MAP_TYPE_RINGBUF) by its descriptor. Not for several threads at once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

class BpfRing {
 public:
  // `bytes`: the size the map was made with. A copy of the descriptor is kept.
  static Result<std::unique_ptr<BpfRing>> create(int map, std::size_t bytes);
  ~BpfRing();
  BpfRing(const BpfRing&) = delete;
  BpfRing& operator=(const BpfRing&) = delete;

  // Bytes that records take now.
  std::size_t used() const;
  // Calls `each` with the records that are there, oldest first. They stay in the ring, and valid, until
  // `release`, and are seen again by a second look before it.
  Result<void> look(const std::function<void(std::span<const std::byte>)>& each);
  // Gives back to the kernel what the last look saw.
  void release();

 private:
  BpfRing() = default;
  Result<void> map_records(std::uint64_t from, std::uint64_t to);
  void unmap_records();
  const std::byte* place_of(std::uint64_t position) const {
    return records_ + ((position & (bytes_ - 1)) - first_);
  }
  std::span<const std::byte> record_at(std::uint64_t position, std::uint32_t size);

  std::size_t page_ = 0, bytes_ = 0;
  FileDescriptor map_;
  void* consumer_page_ = nullptr;  // ours to write: how far we have read
  void* producer_page_ = nullptr;  // how far the kernel has written
  // What is mapped of the records, from `first_` on, between a look and its release; in busy times all of
  // them, for longer.
  std::byte* records_ = nullptr;
  std::size_t first_ = 0, mapped_ = 0;
  std::uint64_t seen_ = 0;  // where the last look ended
  bool is_busy_ = false;    // it saw much
  std::vector<std::byte> turned_;  // a record that lies across the end: one at most, the ring ends once
};

}  // namespace tacho
