// SPDX-License-Identifier: Apache-2.0
#include "recorder/turns.h"

#include <utility>

#include "recorder/wide_output.h"

namespace tacho {

Result<void> Turns::add(const CollectorInfo& info, const CollectorEnvironment& environment, WideOutput* wide) {
  wide_ = wide;
  auto runner = TRY(Runner::create(info, environment, tables_.size()));
  if (info.runs == CollectorInfo::Runs::in_own_thread) {
    auto threaded = TRY(ThreadedRunner::create(std::move(runner), queue_, statistics_, wide));
    threaded_.push_back({std::move(threaded), {}});
  } else {
    runners_.push_back({std::move(runner), {}});
  }
  tables_.insert(tables_.end(), info.tables.begin(), info.tables.end());
  return {};
}

void Turns::take(const Runner::Turn& turn, Frame& frame, const std::function<void(const Rows&)>& each) {
  Moment moment(clock_);
  const Nanoseconds now = moment.now.boottime;
  for (auto& [runner, next] : threaded_)
    if (runner->runner().is_due(next, now, turn.repeat_all)) runner->ask(turn);
  for (auto& [runner, next] : runners_) {
    if (!runner->is_due(next, now, turn.repeat_all || turn.is_last)) continue;
    runner->run(turn, frame, moment);
    for (const Rows& rows : runner->rows()) each(rows);
    if (wide_ != nullptr) observe_wide(*runner, moment);
  }
}

void Turns::take_between(std::uint64_t tick, Frame& frame) {
  Moment moment(clock_);
  for (auto& [runner, next] : runners_) {
    const bool has_run = runner->run({.tick = tick, .between = true}, frame, moment);
    if (wide_ != nullptr && has_run) observe_wide(*runner, moment);
  }
}

// It counts its own time.
void Turns::observe_wide(const Runner& runner, Moment& moment) const {
  wide_->observe(runner.rows());
  moment = Moment(clock_);
}

void Turns::report_coverage(Coverage& coverage) const {
  for (const auto& [runner, next] : runners_) runner->report_coverage(coverage);
  for (const auto& [runner, next] : threaded_)
    if (runner->wait(0)) runner->report_coverage(coverage);
}

bool Turns::wait(int milliseconds) const {
  bool have_all_come = true;
  for (const auto& [runner, next] : threaded_) have_all_come = runner->wait(milliseconds) && have_all_come;
  return have_all_come;
}

}  // namespace tacho
