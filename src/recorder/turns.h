// SPDX-License-Identifier: Apache-2.0
// The collectors of a recording, each at its own cadence: those that never wait, one after the other, and
// those that may, in threads of their own.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "recorder/runner.h"

namespace tacho {

class Turns {
 public:
  Turns(Clock& clock, FrameQueue& queue, SelfStatistics& statistics)
      : clock_(clock), queue_(queue), statistics_(statistics) {}

  // An error: this one cannot work here. What the environment refers to lives as long as this. `wide`:
  // observes all rows, where there is one.
  Result<void> add(const CollectorInfo& info, const CollectorEnvironment& environment, WideOutput* wide);
  // Of all that were added, in their order: frames count from it.
  const std::vector<const Table*>& tables() const { return tables_; }

  // Lets all those whose turn has come take it. `each` sees the rows of those that never wait.
  void take(const Runner::Turn& turn, Frame& frame, const std::function<void(const Rows&)>& each);
  // Between two ticks: those that have something to do then.
  void take_between(std::uint64_t tick, Frame& frame);
  // Of all that are not at work right now.
  void report_coverage(Coverage& coverage) const;
  // Waits for those in threads, each at most so long; false: one did not come back.
  bool wait(int milliseconds) const;

 private:
  void observe_wide(const Runner& runner, Moment& moment) const;

  template <class T>
  struct Scheduled {
    std::unique_ptr<T> runner;
    Nanoseconds next{};
  };

  Clock& clock_;
  FrameQueue& queue_;
  SelfStatistics& statistics_;
  WideOutput* wide_ = nullptr;
  std::vector<const Table*> tables_;
  std::vector<Scheduled<Runner>> runners_;
  std::vector<Scheduled<ThreadedRunner>> threaded_;
};

}  // namespace tacho
