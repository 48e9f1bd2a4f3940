// SPDX-License-Identifier: Apache-2.0
#include "collectors/events.h"

namespace tacho {

std::string_view name_of(Severity severity) {
  switch (severity) {
    case Severity::debug: return "debug";
    case Severity::info: return "info";
    case Severity::warning: return "warning";
    case Severity::error: return "error";
  }
  return "";
}

void EventQueue::push(Event event) {
  const std::scoped_lock lock(mutex_);
  if (waiting_.size() >= kCapacity) {
    ++lost_;
    return;
  }
  if (lost_ > 0 && waiting_.size() + 1 < kCapacity) {
    waiting_.push_back({.name = "events.dropped",
                        .severity = Severity::warning,
                        .body = "more events at once than can wait; the newest were dropped",
                        .count = lost_});
    lost_ = 0;
  }
  waiting_.push_back(std::move(event));
}

void EventQueue::drain(const std::function<void(const Event&)>& take) {
  std::vector<Event> events;
  {
    const std::scoped_lock lock(mutex_);
    events.swap(waiting_);
  }
  for (const Event& event : events) take(event);
}

}  // namespace tacho
