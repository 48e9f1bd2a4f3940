// SPDX-License-Identifier: Apache-2.0
#include "collectors/self_statistics.h"

#include <algorithm>

namespace tacho {

void SelfStatistics::add(std::string_view component, const SelfCounters& more) {
  const std::scoped_lock lock(mutex_);
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const Entry& other) { return other.component == component; });
  if (entry == entries_.end()) {
    entries_.push_back({std::string(component), {}});
    entry = std::prev(entries_.end());
  }
  SelfCounters& sum = entry->counters;
  sum.cpu_time += more.cpu_time;
  sum.wall_time += more.wall_time;
  sum.turns += more.turns;
  sum.rows += more.rows;
  sum.bytes += more.bytes;
  sum.errors += more.errors;
  sum.dropped += more.dropped;
  sum.skipped += more.skipped;
}

void SelfStatistics::each(
    const std::function<void(std::string_view, const SelfCounters&)>& take) const {
  const std::scoped_lock lock(mutex_);
  for (const Entry& entry : entries_) take(entry.component, entry.counters);
}

}  // namespace tacho
