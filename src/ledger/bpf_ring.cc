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

}  // namespace

BpfRing::BpfRing(FileDescriptor map, std::size_t bytes)
    : page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
      bytes_(bytes),
      map_(std::move(map)),
      window_(map_.get(), 2 * page_, bytes, 0) {}

Result<std::unique_ptr<BpfRing>> BpfRing::create(int map, std::size_t bytes) {
  FileDescriptor copy(fcntl(map, F_DUPFD_CLOEXEC, 0));
  if (!copy) return last_system_error("keep", "the ring of BPF records");
  std::unique_ptr<BpfRing> ring(new BpfRing(std::move(copy), bytes));
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
  if (consumer_page_ != nullptr) munmap(consumer_page_, page_);
  if (producer_page_ != nullptr) munmap(producer_page_, page_);
}

// The kernel offers the records twice in a row, so that none lies across an end; what is mapped here ends
// once, and the one record that lies there is put together.
std::span<const std::byte> BpfRing::record_at(std::uint64_t position, std::uint32_t size) {
  const std::size_t before_end = std::min<std::size_t>(size, bytes_ - (position & (bytes_ - 1)));
  if (before_end == size) return {window_.at(position), size};
  turned_.resize(size);
  std::memcpy(turned_.data(), window_.at(position), before_end);
  std::memcpy(turned_.data() + before_end, window_.begin(), size - before_end);
  return turned_;
}

std::size_t BpfRing::used() const {
  return load_of_kernel(producer_page_) - *static_cast<const std::uint64_t*>(consumer_page_);
}

// Each record: its size with two flags in the upper bits, 4 bytes for the kernel, then its bytes,
// padded to 8.
Result<void> BpfRing::look(const Each& each) {
  seen_ = *static_cast<const std::uint64_t*>(consumer_page_);
  const std::uint64_t end = load_of_kernel(producer_page_);
  if (seen_ < end) TRY(window_.show(seen_, end));
  while (seen_ < end) {
    // Pairs with the kernel's release when a record is submitted: its bytes are written.
    const std::uint32_t head = __atomic_load_n(
        reinterpret_cast<const std::uint32_t*>(window_.at(seen_)), __ATOMIC_ACQUIRE);
    if ((head & BPF_RINGBUF_BUSY_BIT) != 0) break;  // still being written
    const std::uint32_t size = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
    if ((head & BPF_RINGBUF_DISCARD_BIT) == 0) each(record_at(seen_ + BPF_RINGBUF_HDR_SZ, size));
    seen_ += (BPF_RINGBUF_HDR_SZ + size + kAlignment - 1) & ~(kAlignment - 1);
  }
  return {};
}

void BpfRing::release() {
  window_.hide();
  // Pairs with the kernel's load when it looks for room: we have read what lies before it.
  __atomic_store_n(static_cast<std::uint64_t*>(consumer_page_), seen_, __ATOMIC_RELEASE);
}

}  // namespace tacho
