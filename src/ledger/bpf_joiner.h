// SPDX-License-Identifier: Apache-2.0
// The records of lives.bpf.c (bpf/life_record.h) as events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/bpf/life_record.h"
#include "ledger/life.h"

namespace tacho {

inline constexpr std::string_view kBpfSource = "bpf";

// The part that every record begins with, or nothing for one that is too short to be ours.
const LifeKey* key_in(std::span<const std::byte> record);

// Joins the records of one life: an exit waits for the free of the same process, everything else goes
// on at once. The order of each pid is kept. A record that is shorter than it says is left out.
class BpfJoiner {
 public:
  using Each = std::function<void(const LifeEvent&)>;

  // The next batch waits for nothing.
  void settle() { is_settling_ = true; }
  // Exits whose free did not come in time, but for those of a batch that waits for nothing.
  std::int64_t incomplete() const { return incomplete_; }
  // A batch: records are aligned to 8 bytes and stay valid until `finish` is over.
  void begin(const Each& each);
  void add(std::span<const std::byte> record);
  void finish();

 private:
  struct Taken {
    std::span<const std::byte> record;
    std::int64_t latest;  // boottime, ns: when it had happened
  };
  struct Free {
    LifeKey key;  // a copy: in the record each look would miss the processor's caches
    const LifeFreeRecord* record;
  };

  const LifeFreeRecord* free_of(const LifeKey& key) const;
  void hand_over_end(const LifeExitRecord& record, const LifeFreeRecord* free);
  void hand_over_waiting();
  void find_times();
  void hand_over(const Taken& taken);
  void hand_over_exit(const LifeExitRecord& record);
  void hand_over_predecessor(const LifeRecord& record);

  const Each* each_ = nullptr;
  bool is_settling_ = false;
  std::int64_t incomplete_ = 0;
  std::vector<Taken> batch_;
  std::vector<Free> frees_;  // sorted by key
  std::vector<LifeExitRecord> ready_;
  std::unordered_map<std::uint32_t, LifeExitRecord> waiting_;  // by the kernel's pid
};

}  // namespace tacho
