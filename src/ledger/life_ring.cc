// SPDX-License-Identifier: Apache-2.0
#include "ledger/life_ring.h"

namespace tacho {
namespace {

constexpr std::uint64_t kAlignment = 8;
constexpr std::uint64_t kSizeMask = (std::uint64_t{1} << kLifeSizeBits) - 1;
static_assert(sizeof(LifeExecRecord) <= kSizeMask);

}  // namespace

LifeRingReader::LifeRingReader(LifeState& state, int records)
    : state_(state), window_(records, 0, kLifeRingBytes, kLifeBytesBeyond), seen_(state.tail) {}

std::size_t LifeRingReader::used() const { return load_of_kernel(&state_.head) - state_.tail; }

// `head` may lie behind what is complete, and comes back when a program did not need all it took: what
// counts is that the word of a record is there.
Result<void> LifeRingReader::look(const Each& each) {
  seen_ = state_.tail;
  const std::uint64_t end = load_of_kernel(&state_.head);
  if (seen_ < end) TRY(window_.show(seen_, end));
  while (seen_ < end) {
    const std::byte* place = window_.at(seen_);
    const std::uint64_t word = load_of_kernel(place) ^ state_.secret;
    const std::size_t size = word & kSizeMask;
    const std::uint64_t next = seen_ + kLifeHeaderBytes + ((size + kAlignment - 1) & ~(kAlignment - 1));
    if ((word ^ size) != (seen_ / kAlignment) << kLifeSizeBits) break;  // still being written
    if (next > end || size > sizeof(LifeExecRecord)) break;  // taken after the look began
    each({place + kLifeHeaderBytes, size});
    seen_ = next;
  }
  return {};
}

void LifeRingReader::release() {
  window_.hide();
  // Pairs with the kernel's load when it looks for room: we have read what lies before it.
  __atomic_store_n(&state_.tail, seen_, __ATOMIC_RELEASE);
}

}  // namespace tacho
