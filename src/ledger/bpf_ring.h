// SPDX-License-Identifier: Apache-2.0
// Reads a BPF ring buffer (BPF_MAP_TYPE_RINGBUF) by its descriptor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "ledger/record_ring.h"
#include "ledger/ring_window.h"

namespace tacho {

class BpfRing final : public RecordRing {
 public:
  // `bytes`: the size the map was made with. A copy of the descriptor is kept.
  static Result<std::unique_ptr<BpfRing>> create(int map, std::size_t bytes);
  ~BpfRing() override;
  BpfRing(const BpfRing&) = delete;
  BpfRing& operator=(const BpfRing&) = delete;

  std::size_t used() const override;
  Result<void> look(const Each& each) override;
  void release() override;

 private:
  BpfRing(FileDescriptor map, std::size_t bytes);
  std::span<const std::byte> record_at(std::uint64_t position, std::uint32_t size);

  const std::size_t page_, bytes_;
  const FileDescriptor map_;
  void* consumer_page_ = nullptr;  // ours to write: how far we have read
  void* producer_page_ = nullptr;  // how far the kernel has written
  RingWindow window_;
  std::uint64_t seen_ = 0;  // where the last look ended
  std::vector<std::byte> turned_;  // a record that lies across the end: one at most, the ring ends once
};

}  // namespace tacho
