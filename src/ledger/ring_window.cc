// SPDX-License-Identifier: Apache-2.0
#include "ledger/ring_window.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace tacho {
namespace {

// A look that sees this part of the ring will soon be followed by another: mapping that many pages each time
// costs as much as reading them.
constexpr std::size_t kBusyPart = 8;

}  // namespace

RingWindow::RingWindow(int map, std::size_t offset, std::size_t bytes, std::size_t beyond)
    : map_(map),
      page_(static_cast<std::size_t>(sysconf(_SC_PAGESIZE))),
      offset_(offset),
      bytes_(bytes),
      beyond_(beyond) {}

Result<void> RingWindow::show(std::uint64_t from, std::uint64_t to) {
  const std::size_t start = from & (bytes_ - 1);
  const std::size_t length = to - from;
  is_busy_ = length >= bytes_ / kBusyPart;
  if (is_whole()) return {};
  unmap();
  const bool needs_whole = is_busy_ || start + length > bytes_;
  first_ = needs_whole ? 0 : start / page_ * page_;
  const std::size_t size = needs_whole ? bytes_ + beyond_ : start + length - first_;
  void* place = mmap(nullptr, size, PROT_READ, MAP_SHARED, map_, static_cast<off_t>(offset_ + first_));
  if (place == MAP_FAILED) return last_system_error("map", "the ring of BPF records");
  records_ = static_cast<std::byte*>(place);
  mapped_ = size;
  return {};
}

void RingWindow::hide() {
  calm_looks_ = is_busy_ ? 0 : std::min(calm_looks_ + 1, kCalmLooks);
  is_busy_ = false;
  if (!is_whole() || calm_looks_ >= kCalmLooks) unmap();
}

void RingWindow::unmap() {
  if (records_ != nullptr) munmap(std::exchange(records_, nullptr), mapped_);
}

}  // namespace tacho
