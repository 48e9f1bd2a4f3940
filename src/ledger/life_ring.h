// SPDX-License-Identifier: Apache-2.0
// Reads the ring of bpf/own_ring.bpf.h (struct LifeRecords) by the descriptors of its maps.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "ledger/bpf/life_record.h"
#include "ledger/record_ring.h"
#include "ledger/ring_window.h"

namespace tacho {

class LifeRingReader final : public RecordRing {
 public:
  // The maps of LifeState and LifeRecords; the second stays the caller's, and open as long as this.
  static Result<std::unique_ptr<LifeRingReader>> create(int state, int records);
  ~LifeRingReader() override;
  LifeRingReader(const LifeRingReader&) = delete;
  LifeRingReader& operator=(const LifeRingReader&) = delete;

  std::size_t used() const override;
  Result<void> look(const Each& each) override;
  void release() override;

 private:
  LifeRingReader(int records, LifeState* state);

  LifeState* const state_;
  RingWindow window_;
  std::uint64_t seen_;  // where the last look ended
};

}  // namespace tacho
