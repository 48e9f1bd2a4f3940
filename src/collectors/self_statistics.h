// SPDX-License-Identifier: Apache-2.0
// What the recorder knows of its own cost, for the `self` table: one entry for every collector,
// and one for each part of the recorder ("tick", "writer", "seal").
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace tacho {

struct SelfCounters {
  std::int64_t cpu_time = 0;  // ns, of the thread that did it
  std::int64_t wall_time = 0; // ns
  std::int64_t turns = 0;
  std::int64_t rows = 0;
  std::int64_t bytes = 0;     // written to the journal
  std::int64_t errors = 0;
  std::int64_t dropped = 0;   // rows that were collected and lost
  std::int64_t skipped = 0;   // turns that were due and not taken
};

// Thread-safe.
class SelfStatistics {
 public:
  // Adds to the component's counters; makes the component on first use.
  void add(std::string_view component, const SelfCounters& more);
  void each(const std::function<void(std::string_view component, const SelfCounters&)>& take) const;

 private:
  struct Entry {
    std::string component;
    SelfCounters counters;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

}  // namespace tacho
