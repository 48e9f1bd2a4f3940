// SPDX-License-Identifier: Apache-2.0
#include "ledger/life_ring.h"

#include <sys/mman.h>

namespace tacho {
namespace {

constexpr std::uint64_t kAlignment = 8;
constexpr std::uint64_t kSizeMask = (std::uint64_t{1} << kLifeSizeBits) - 1;
static_assert(sizeof(LifeExecRecord) <= kSizeMask);

// Pairs with the store or swap of the kernel's side: what lies before it is written.
std::uint64_t load(const void* place) {
  return __atomic_load_n(static_cast<const std::uint64_t*>(place), __ATOMIC_ACQUIRE);
}

}  // namespace

LifeRingReader::LifeRingReader(int records, LifeState* state)
    : state_(state), window_(records, 0, kLifeRingBytes, kLifeBytesBeyond), seen_(state->tail) {}

Result<std::unique_ptr<LifeRingReader>> LifeRingReader::create(int state, int records) {
  void* place = mmap(nullptr, sizeof(LifeState), PROT_READ | PROT_WRITE, MAP_SHARED, state, 0);
  if (place == MAP_FAILED) return last_system_error("map", "the state of the BPF programs");
  return std::unique_ptr<LifeRingReader>(new LifeRingReader(records, static_cast<LifeState*>(place)));
}

LifeRingReader::~LifeRingReader() { munmap(state_, sizeof(LifeState)); }

std::size_t LifeRingReader::used() const { return load(&state_->head) - state_->tail; }

// `head` may lie behind what is complete, and comes back when a program did not need all it took: what
// counts is that the word of a record is there.
Result<void> LifeRingReader::look(const Each& each) {
  seen_ = state_->tail;
  const std::uint64_t end = load(&state_->head);
  if (seen_ < end) TRY(window_.show(seen_, end));
  while (seen_ < end) {
    const std::byte* place = window_.at(seen_);
    const std::uint64_t word = load(place) ^ state_->secret;
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
  __atomic_store_n(&state_->tail, seen_, __ATOMIC_RELEASE);
}

}  // namespace tacho
