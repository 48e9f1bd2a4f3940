// SPDX-License-Identifier: Apache-2.0
// Reads the ring of bpf/own_ring.bpf.h (struct LifeRecords) in memory that is shared with the programs.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "ledger/bpf/life_record.h"
#include "ledger/record_ring.h"
#include "ledger/ring_window.h"

namespace tacho {

class LifeRingReader final : public RecordRing {
 public:
  // The memory of `state`, and `records`, the descriptor of the map of LifeRecords, stay the caller's.
  LifeRingReader(LifeState& state, int records);

  std::size_t used() const override;
  Result<void> look(const Each& each) override;
  void release() override;

 private:
  LifeState& state_;
  RingWindow window_;
  std::uint64_t seen_;  // where the last look ended
};

}  // namespace tacho
