// SPDX-License-Identifier: Apache-2.0
#include "recorder/time_keeper.h"

#include <utility>

#include "base/units.h"

namespace tacho {
namespace {

// NTP slews by at most 0.5 ms a second, which at an interval of a minute is 30 ms: what is above
// this is a step.
constexpr Nanoseconds kSmallestStep = std::chrono::milliseconds(50);

Nanoseconds absolute(Nanoseconds value) { return value < Nanoseconds::zero() ? -value : value; }

}  // namespace

std::uint64_t TimeKeeper::next_after(std::uint64_t number, Instant now) {
  const std::uint64_t next = number + 1;
  const bool slept = std::exchange(suspended_since_last_, Nanoseconds::zero()) > Nanoseconds::zero();
  if (now.boottime <= due(next)) return next;
  // One that is late by less than an interval is still taken, at once.
  const auto reached = static_cast<std::uint64_t>((now.boottime - start_) / interval_);
  if (reached <= next) return next;
  const auto missed = static_cast<std::int64_t>(reached - next);
  missed_ += missed;
  // What slept could not tick: that is the suspend's event, not ours.
  if (!slept)
    events_.push({.name = "tick.missed",
                  .severity = Severity::warning,
                  .body = std::to_string(missed) + " ticks were not taken: the one before took " +
                          format_duration(now.boottime - due(number)),
                  .count = missed,
                  .time = now.time,
                  .boottime = now.boottime});
  return reached;
}

void TimeKeeper::watch(Instant now) {
  const Nanoseconds slept = (now.boottime - now.monotonic) - (last_.boottime - last_.monotonic);
  const Nanoseconds stepped = (now.time - now.boottime) - (last_.time - last_.boottime);
  last_ = now;
  if (slept >= kSmallestStep) {
    suspended_since_last_ = slept;
    events_.push({.name = "suspend",
                  .body = "the machine slept for " + format_duration(slept),
                  .count = slept.count(),
                  .time = now.time,
                  .boottime = now.boottime});
  }
  if (absolute(stepped) >= kSmallestStep)
    events_.push({.name = "clock.step",
                  .severity = Severity::warning,
                  .body = "the wall clock was set " +
                          std::string(stepped > Nanoseconds::zero() ? "forward" : "back") + " by " +
                          format_duration(absolute(stepped)),
                  .count = stepped.count(),
                  .time = now.time,
                  .boottime = now.boottime});
}

}  // namespace tacho
