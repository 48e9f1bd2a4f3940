// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_ring.h"

#include <fcntl.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tacho {
namespace {

constexpr std::uint64_t kAlignment = 8;
// A look that sees this part of the ring will soon be followed by another: mapping that many pages each time
// costs as much as reading them.
constexpr std::size_t kBusyPart = 8;

std::uint64_t load(const void* place) {
  // Pairs with the kernel's store of its position: what lies before it is written.
  return __atomic_load_n(static_cast<const std::uint64_t*>(place), __ATOMIC_ACQUIRE);
}

}  // namespace

Result<std::unique_ptr<BpfRing>> BpfRing::create(int map, std::size_t bytes) {
  std::unique_ptr<BpfRing> ring(new BpfRing);
  ring->page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  ring->bytes_ = bytes;
  ring->map_ = FileDescriptor(fcntl(map, F_DUPFD_CLOEXEC, 0));
  if (!ring->map_) return last_system_error("keep", "the ring of BPF records");
  void* consumer = mmap(nullptr, ring->page_, PROT_READ | PROT_WRITE, MAP_SHARED, map, 0);
  if (consumer == MAP_FAILED) return last_system_error("map", "the ring of BPF records");
  ring->consumer_page_ = consumer;
  void* producer = mmap(nullptr, ring->page_, PROT_READ, MAP_SHARED, map,
                        static_cast<off_t>(ring->page_));
  if (producer == MAP_FAILED) return last_system_error("map", "the ring of BPF records");
  ring->producer_page_ = producer;
  return ring;
}

BpfRing::~BpfRing() {
  unmap_records();
  if (consumer_page_ != nullptr) munmap(consumer_page_, page_);
  if (producer_page_ != nullptr) munmap(producer_page_, page_);
}

// Every page of a mapping counts as resident, and mostly a few of them hold records: only those are
// mapped, while somebody looks; in busy times all of them, until it is calm. The kernel offers the records
// twice in a row, so that none lies across an end; we map what crosses the end whole, and put the one
// record that lies there together.
Result<void> BpfRing::map_records(std::uint64_t from, std::uint64_t to) {
  const std::size_t start = from & (bytes_ - 1);
  const std::size_t length = to - from;
  is_busy_ = length >= bytes_ / kBusyPart;
  if (records_ != nullptr && mapped_ == bytes_) return {};
  unmap_records();
  const bool is_whole = is_busy_ || start + length > bytes_;
  first_ = is_whole ? 0 : start / page_ * page_;
  const std::size_t size = is_whole ? bytes_ : start + length - first_;
  void* place = mmap(nullptr, size, PROT_READ, MAP_SHARED, map_.get(),
                     static_cast<off_t>(2 * page_ + first_));
  if (place == MAP_FAILED) return last_system_error("map", "the ring of BPF records");
  records_ = static_cast<std::byte*>(place);
  mapped_ = size;
  return {};
}

void BpfRing::unmap_records() {
  if (records_ != nullptr) munmap(records_, mapped_);
  records_ = nullptr;
}

std::span<const std::byte> BpfRing::record_at(std::uint64_t position, std::uint32_t size) {
  const std::size_t before_end = std::min<std::size_t>(size, bytes_ - (position & (bytes_ - 1)));
  if (before_end == size) return {place_of(position), size};
  turned_.resize(size);
  std::memcpy(turned_.data(), place_of(position), before_end);
  std::memcpy(turned_.data() + before_end, records_, size - before_end);
  return turned_;
}

std::size_t BpfRing::used() const {
  return load(producer_page_) - *static_cast<const std::uint64_t*>(consumer_page_);
}

// Each record: its size with two flags in the upper bits, 4 bytes for the kernel, then its bytes,
// padded to 8.
Result<void> BpfRing::look(const std::function<void(std::span<const std::byte>)>& each) {
  seen_ = *static_cast<const std::uint64_t*>(consumer_page_);
  is_busy_ = false;
  const std::uint64_t end = load(producer_page_);
  if (seen_ < end) TRY(map_records(seen_, end));
  while (seen_ < end) {
    // Pairs with the kernel's release when a record is submitted: its bytes are written.
    const std::uint32_t head = __atomic_load_n(
        reinterpret_cast<const std::uint32_t*>(place_of(seen_)), __ATOMIC_ACQUIRE);
    if ((head & BPF_RINGBUF_BUSY_BIT) != 0) break;  // still being written
    const std::uint32_t size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((head & BPF_RINGBUF_DISCARD_BIT) == 0) each(record_at(seen_ + BPF_RINGBUF_HDR_SZ, size));
    seen_ += (BPF_RINGBUF_HDR_SZ + size + kAlignment - 1) & ~(kAlignment - 1);
  }
  return {};
}

void BpfRing::release() {
  if (!is_busy_) unmap_records();
  // Pairs with the kernel's load when it looks for room: we have read what lies before it.
  __atomic_store_n(static_cast<std::uint64_t*>(consumer_page_), seen_, __ATOMIC_RELEASE);
}

}  // namespace tacho
