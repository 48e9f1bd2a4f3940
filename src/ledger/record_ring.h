// SPDX-License-Identifier: Apache-2.0
// A ring of records that programs in the kernel fill and we empty. Not for several threads at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/error.h"

namespace tacho {

// Pairs with the kernel's store of a position, or of a word that completes a record: what lies before is written.
inline std::uint64_t load_of_kernel(const void* place) {
  return __atomic_load_n(static_cast<const std::uint64_t*>(place), __ATOMIC_ACQUIRE);
}

class RecordRing {
 public:
  using Each = std::function<void(std::span<const std::byte>)>;

  virtual ~RecordRing() = default;
  // Bytes that records take now.
  virtual std::size_t used() const = 0;
  // Calls `each` with the records that are there, oldest first, each aligned to 8 bytes. They stay in the
  // ring, and valid, until `release`, and are seen again by a second look before it.
  virtual Result<void> look(const Each& each) = 0;
  // Gives back to the kernel what the last look saw.
  virtual void release() = 0;
};

}  // namespace tacho
