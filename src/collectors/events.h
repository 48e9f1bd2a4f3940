// SPDX-License-Identifier: Apache-2.0
// Events on their way into the `event` table: marks, clock steps, losses, what the writer met.
#pragma once

#include <vector>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tacho {

enum class Severity : std::uint8_t { debug, info, warning, error };
std::string_view name_of(Severity severity);

struct Event {
  std::string name;      // "mark", "clock.step", "suspend", "tick.missed", "rows.dropped", "write.failed", ...
  Severity severity = Severity::info;
  std::string body;      // what happened, for people; escaped when it comes from outside
  std::string table;     // the table it is about, or empty
  std::optional<std::int64_t> count;  // rows, ticks: what the name counts
  Nanoseconds time{};      // when it happened; zero: when it is collected
  Nanoseconds boottime{};
  std::optional<Nanoseconds> end_time;  // of a phase
};

// Thread-safe and bounded: when it is full the newest is dropped and counted; the next event that
// fits is preceded by one that says how many were lost.
class EventQueue {
 public:
  void push(Event event);
  // Hands every waiting event to `take`, oldest first, and forgets them.
  void drain(const std::function<void(const Event&)>& take);

 private:
  // A tick's worth even when everything fails at once; a mark is at most 4 KiB.
  static constexpr std::size_t kCapacity = 256;
  std::mutex mutex_;
  std::vector<Event> waiting_;
  std::int64_t lost_ = 0;
};

}  // namespace tacho
