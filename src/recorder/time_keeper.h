// SPDX-License-Identifier: Apache-2.0
// The grid of ticks, and what happens to clocks beside it: steps, suspends, missed ticks.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "collectors/events.h"

namespace tacho {

class TimeKeeper {
 public:
  TimeKeeper(Instant start, Nanoseconds interval, EventQueue& events)
      : start_(start.boottime), interval_(interval), last_(start), events_(events) {}

  // Boot time at which tick `number` is due. Never computed from the tick before: lateness does not
  // add up.
  Nanoseconds due(std::uint64_t number) const { return start_ + interval_ * number; }

  // The tick to take after `number`, seen from `now`: the next on the grid whose time has not
  // passed. Those between are missed: counted and said, never caught up.
  std::uint64_t next_after(std::uint64_t number, Instant now);

  // Compares the clocks with those of the last call; says what a step or a suspend did.
  void watch(Instant now);

  std::int64_t missed() const { return missed_; }

 private:
  Nanoseconds start_;
  Nanoseconds interval_;
  Instant last_;
  std::int64_t missed_ = 0;
  Nanoseconds suspended_since_last_{};
  EventQueue& events_;
};

}  // namespace tacho
