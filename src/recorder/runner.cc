// SPDX-License-Identifier: Apache-2.0
#include "recorder/runner.h"

#include "base/thread.h"
#include "collectors/cadence.h"
#include "collectors/events.h"
#include "recorder/own_memory.h"
#include "recorder/wide_output.h"

namespace tacho {
namespace {

// With fewer rows there is little to give back: 33 columns of so many are 64 KiB.
constexpr std::size_t kManyRows = 256;

}  // namespace

Result<std::unique_ptr<Runner>> Runner::create(const CollectorInfo& info,
                                               const CollectorEnvironment& environment,
                                               std::size_t first_table) {
  std::unique_ptr<Runner> runner(new Runner(info, environment.clock, environment.statistics));
  runner->first_table_ = first_table;
  runner->cadence_ = TRY(cadence_of(info, environment.settings));
  runner->collector_ = TRY(info.create(environment));
  for (const Table* table : info.tables) {
    runner->rows_.emplace_back(*table);
    runner->encoders_.push_back(TRY(BatchEncoder::create(*table)));
  }
  return runner;
}

bool Runner::is_due(Nanoseconds& next, Nanoseconds now, bool always) const {
  // A tick may come a little early beside the turn before; half a percent is no reason to skip.
  if (!always && now + cadence_ / 200 < next) return false;
  next = now + cadence_;
  return true;
}

bool Runner::run(const Turn& turn, Frame& frame, Moment& moment) {
  if (turn.between && collector_->wake_descriptor() < 0) return false;
  const Moment begin = moment;
  if (repeated_all_ && !turn.repeat_all && !turn.between) release_memory();
  repeated_all_ = turn.repeat_all || (repeated_all_ && turn.between);
  for (Rows& rows : rows_)
    rows.begin({.tick = turn.tick, .time = begin.now.time.count(), .boottime = begin.now.boottime.count()});
  Collection collection(rows_, turn.repeat_all, clock_, turn.is_last);
  const auto collected =
      turn.between ? collector_->collect_between(collection) : collector_->collect(collection);
  SelfCounters counters{.turns = turn.between ? 0 : 1};
  if (!collected && collected.error().code != ErrorCode::absent) {
    counters.errors = 1;
    last_error_ = collected.error().text;
  }
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    if (rows_[index].size() == 0) continue;
    const std::size_t offset = frame.bytes.size();
    encoders_[index].encode(rows_[index], frame.bytes);
    const auto count = static_cast<std::int64_t>(rows_[index].size());
    frame.entries.push_back({.table = first_table_ + index,
                             .offset = offset,
                             .size = frame.bytes.size() - offset,
                             .rows = count});
    counters.rows += count;
  }
  moment = Moment(clock_);
  counters.cpu_time = (moment.cpu_time - begin.cpu_time).count();
  counters.wall_time = (moment.now.boottime - begin.now.boottime).count();
  if (statistics_ != nullptr) statistics_->add(info_->name(), counters);
  return true;
}

// What repeating every process took is not needed again until the next file.
void Runner::release_memory() {
  for (std::size_t index = 0; index < rows_.size(); ++index) {
    if (rows_[index].size() < kManyRows) continue;
    const Table& table = rows_[index].table();
    rows_[index] = Rows(table);
    if (auto encoder = BatchEncoder::create(table)) encoders_[index] = std::move(*encoder);
    give_back_free_memory();
  }
}

void Runner::report_coverage(Coverage& coverage) const {
  collector_->report_coverage(coverage);
  if (!last_error_.empty())
    coverage.add({.kind = CoverageNote::Kind::limited,
                  .table = std::string(info_->name()),
                  .what = "turns that failed",
                  .why = last_error_});
}

struct ThreadedRunner::Shared {
  std::unique_ptr<Runner> runner;
  FrameQueue& queue;
  SelfStatistics& statistics;
  WideOutput* wide = nullptr;
  std::mutex mutex;
  std::condition_variable changed;
  std::optional<Runner::Turn> asked;
  bool busy = false;
  bool ending = false;

  void serve() {
    std::unique_lock lock(mutex);
    while (true) {
      changed.wait(lock, [&] { return asked || ending; });
      if (ending) return;
      const Runner::Turn turn = *asked;
      asked.reset();
      busy = true;
      lock.unlock();
      take_turn(turn);
      lock.lock();
      busy = false;
      changed.notify_all();
    }
  }

  void take_turn(const Runner::Turn& turn) {
    FramePointer frame = queue.take_empty();
    Moment moment(runner->clock());
    runner->run(turn, *frame, moment);
    if (wide != nullptr) wide->observe(runner->rows());
    if (!frame->entries.empty() && !queue.push(frame))
      statistics.add(runner->info().name(), {.dropped = frame->rows_left()});
  }
};

Result<std::unique_ptr<ThreadedRunner>> ThreadedRunner::create(std::unique_ptr<Runner> runner,
                                                               FrameQueue& queue,
                                                               SelfStatistics& statistics,
                                                               WideOutput* wide) {
  const std::string name = "a thread for " + std::string(runner->info().name());
  std::unique_ptr<ThreadedRunner> self(new ThreadedRunner);
  self->shared_.reset(new Shared{
      .runner = std::move(runner), .queue = queue, .statistics = statistics, .wide = wide});
  self->thread_ = TRY(start_thread([shared = self->shared_] { shared->serve(); }, name));
  return self;
}

ThreadedRunner::~ThreadedRunner() {
  if (!thread_.joinable()) return;
  bool busy = false;
  {
    const std::scoped_lock lock(shared_->mutex);
    shared_->ending = true;
    busy = shared_->busy;
  }
  shared_->changed.notify_all();
  // A thread inside a dead file system cannot be ended. It holds `shared_`, but also the queue and
  // the statistics, so the recorder ends its process without destroying those.
  if (busy) {
    thread_.detach();
  } else {
    thread_.join();
  }
}

void ThreadedRunner::ask(const Runner::Turn& turn) {
  {
    const std::scoped_lock lock(shared_->mutex);
    if (shared_->busy || shared_->asked) {
      shared_->statistics.add(shared_->runner->info().name(), {.skipped = 1});
      return;
    }
    shared_->asked = turn;
  }
  shared_->changed.notify_all();
}

bool ThreadedRunner::wait(int milliseconds) {
  std::unique_lock lock(shared_->mutex);
  return shared_->changed.wait_for(lock, std::chrono::milliseconds(milliseconds),
                                   [&] { return !shared_->busy && !shared_->asked; });
}

bool ThreadedRunner::is_busy() const {
  const std::scoped_lock lock(shared_->mutex);
  return shared_->busy || shared_->asked;
}

void ThreadedRunner::report_coverage(Coverage& coverage) const {
  shared_->runner->report_coverage(coverage);
}

const Runner& ThreadedRunner::runner() const { return *shared_->runner; }

}  // namespace tacho
