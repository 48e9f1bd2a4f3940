// SPDX-License-Identifier: Apache-2.0
// Runs collectors: times them, keeps their failures from one another, and encodes what they made.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/collector.h"
#include "collectors/self_statistics.h"
#include "journal/encoder.h"
#include "recorder/frame_queue.h"

namespace tacho {

class WideOutput;

// The clocks at once. Where one piece of work ends the next begins: reading them costs as much as a small
// table does.
struct Moment {
  explicit Moment(Clock& clock) : now(clock.now()), cpu_time(thread_cpu_time()) {}
  Instant now;
  Nanoseconds cpu_time;  // of this thread
};

// One collector with its rows. Used by one thread at a time.
class Runner {
 public:
  // `first_table` is the index of the collector's first table in the writer's list.
  static Result<std::unique_ptr<Runner>> create(const CollectorInfo& info,
                                                const CollectorEnvironment& environment,
                                                std::size_t first_table);

  struct Turn {
    std::uint64_t tick = 0;
    bool repeat_all = false;
    bool is_last = false;
    bool between = false;  // two ticks: only what cannot wait
  };
  // One turn, which began at `moment`, then the moment of its end: the collector reads, its rows are appended
  // to the frame. False when there was none: between two ticks most collectors have nothing to do.
  bool run(const Turn& turn, Frame& frame, Moment& moment);
  // The rows of the last turn.
  const std::vector<Rows>& rows() const { return rows_; }
  void report_coverage(Coverage& coverage) const;
  const CollectorInfo& info() const { return *info_; }
  Clock& clock() const { return clock_; }
  // Whether its turn has come, which `next` says and then says for the one after; `always`: it has.
  bool is_due(Nanoseconds& next, Nanoseconds now, bool always) const;

 private:
  Runner(const CollectorInfo& info, Clock& clock, SelfStatistics* statistics)
      : info_(&info), clock_(clock), statistics_(statistics) {}

  const CollectorInfo* info_;
  Clock& clock_;
  SelfStatistics* statistics_;
  std::size_t first_table_ = 0;
  Nanoseconds cadence_{};
  std::unique_ptr<Collector> collector_;
  std::vector<Rows> rows_;
  std::vector<BatchEncoder> encoders_;
  std::string last_error_;
  bool repeated_all_ = false;  // in the last turn

  void release_memory();
};

// A collector that can block, in a thread of its own. A turn that is due while the last one still runs
// is skipped and counted. At the end a thread that does not come back is left behind.
class ThreadedRunner {
 public:
  // An error when no thread can be had. `wide`: observes its rows, where there is one.
  static Result<std::unique_ptr<ThreadedRunner>> create(std::unique_ptr<Runner> runner, FrameQueue& queue,
                                                        SelfStatistics& statistics,
                                                        WideOutput* wide = nullptr);
  ~ThreadedRunner();
  ThreadedRunner(const ThreadedRunner&) = delete;

  // Asks for a turn; does not wait.
  void ask(const Runner::Turn& turn);
  // Waits until the turn is over, at most `milliseconds`; false when it is not.
  bool wait(int milliseconds);
  // Only when no turn runs (wait returned true).
  void report_coverage(Coverage& coverage) const;
  const Runner& runner() const;
  // True when the last turn has not come back.
  bool is_busy() const;

 private:
  ThreadedRunner() = default;
  struct Shared;
  std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace tacho
