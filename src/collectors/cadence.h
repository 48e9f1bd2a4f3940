// SPDX-License-Identifier: Apache-2.0
// What is worth reading less often than at every turn.
#pragma once

#include "base/clock.h"
#include "collectors/collector.h"

namespace tacho {

// Inside a collector: says when a slower part of its figures is due. The first turn is, every first
// turn of a journal file is (so that the file can be read alone), and then the first turn at or
// after each period.
class Cadence {
 public:
  explicit Cadence(Nanoseconds period) : period_(period) {}
  bool due(Collection& into) {
    const Nanoseconds now{into.rows().stamp().boottime};
    if (begun_ && !into.repeat_all() && now < next_) return false;
    begun_ = true;
    next_ = now + period_;
    return true;
  }

 private:
  Nanoseconds period_;
  Nanoseconds next_{};
  bool begun_ = false;
};

// The shortest time between a collector's turns under these settings: its option `interval` where
// it has one, else CollectorInfo::cadence.
Result<Nanoseconds> cadence_of(const CollectorInfo& info, const Settings& settings);

}  // namespace tacho
