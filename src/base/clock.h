// SPDX-License-Identifier: Apache-2.0
// Time. `boottime` (CLOCK_BOOTTIME, runs on through suspend, is never stepped) orders and
// measures; `time` (CLOCK_REALTIME, UTC) is for people. Everything that needs a clock is handed one.
#pragma once

#include <chrono>
#include <cstdint>

namespace tacho {

using Nanoseconds = std::chrono::nanoseconds;

// The three clocks read one after the other, in nanoseconds.
struct Instant {
  Nanoseconds time{};       // since 1970-01-01T00:00:00Z
  Nanoseconds boottime{};   // since boot, suspend included
  Nanoseconds monotonic{};  // since boot, suspend excluded
};

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() = 0;
  // Sleeps until `boottime` or until `wake_descriptor` (-1: none) becomes readable.
  // True when the deadline was reached, false when woken before it.
  virtual bool sleep_until(Nanoseconds boottime, int wake_descriptor) = 0;
};

// The kernel's clocks. Thread-safe.
class SystemClock final : public Clock {
 public:
  Instant now() override;
  bool sleep_until(Nanoseconds boottime, int wake_descriptor) override;
};

// CPU time of the calling thread.
Nanoseconds thread_cpu_time();

}  // namespace tacho
