// SPDX-License-Identifier: Apache-2.0
#include "views/ps/lives.h"

#include <algorithm>
#include <cctype>
#include <unordered_map>
#include <vector>

#include "base/saturating.h"
#include "base/text.h"
#include "query/rows.h"
#include "views/table_cursor.h"

namespace tacho {
namespace {

// Every process has a row at least every 60 ticks of the table; one without any in three turns of
// those is gone, though its end was lost (docs/RECORDING.md, "Process rows").
constexpr std::uint64_t kGoneTurns = 180;
// Two turns, and the tick before each: rows from so far before a span tell what it began with.
constexpr std::uint64_t kWarmUp = 122;
// Who is gone is looked for now and then; waiting for them costs only their memory.
constexpr std::uint64_t kLookEvery = 64;
// Of descriptions whose process may be gone: fewer are not worth a search.
constexpr std::size_t kManyDescribed = 10'000;

const std::vector<std::string> kInfoColumns = {
    "tick", "time", "process", "pid", "parent_pid", "start_time", "command",
    "arguments", "user", "user_id", "job", "container", "unit", "in_command"};
enum InfoColumn { kInfoPid = 3, kParent, kStart, kCommand, kArguments, kUser, kUserId, kJob, kContainer,
                  kUnit, kInCommand };
const std::vector<std::string> kFigureColumns = {
    "tick", "time", "process", "cpu_time_user", "cpu_time_system", "cpu_time_main_thread",
    "thread_count", "memory_usage", "memory_peak", "disk_io_read", "disk_io_write", "io_read",
    "io_write"};
enum FigureColumn { kUserTime = 3, kSystemTime, kMainThread, kThreads, kMemory, kPeak, kDiskRead,
                    kDiskWrite, kRead, kWrite };
const std::vector<std::string> kEndColumns = {
    "tick", "time", "process", "pid", "source", "exit_code", "signal", "core_dumped", "exit_time",
    "cpu_time_user", "cpu_time_system", "memory_peak", "disk_io_read", "disk_io_write", "io_read",
    "io_write"};
enum EndColumn { kEndPid = 3, kSource, kExitCode, kSignal, kCore, kExitTime, kEndUserTime,
                 kEndSystemTime, kEndPeak, kEndDiskRead, kEndDiskWrite, kEndRead, kEndWrite };

// Does the text have `wanted` in it, case of ASCII letters aside?
bool has_text(std::string_view text, std::string_view wanted) {
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == std::tolower(b); };
  return std::ranges::search(text, wanted, same).begin() != text.end() || wanted.empty();
}

Figure sum(Figure a, Figure b) {
  if (!a && !b) return std::nullopt;
  return saturating_sum(a.value_or(0), b.value_or(0));
}
Figure larger(Figure a, Figure b) { return !a ? b : !b ? a : std::max(*a, *b); }
Figure grown(Figure latest, Figure before) {
  if (!latest) return latest;
  return std::max<std::int64_t>(0, saturating_difference(*latest, before.value_or(0)));
}
Figure either(Figure first, Figure second) { return first ? first : second; }

// What is known of one that has not ended yet.
struct Living {
  ProcessAbout about;
  std::optional<ProcessUse> base, latest;  // at the begin of the span, and since
  Figure resident;                         // most at a tick of the span, its begin included
  bool is_described = false;
  std::uint64_t turn = 0, tick = 0;  // when it was last spoken of
};

class LifeWalk {
 public:
  LifeWalk(const Recording& recording, const LivesWanted& wanted, const TakeLife& take)
      : recording_(recording), wanted_(wanted), take_(take) {}

  Result<void> run() {
    if (!TRY(open())) return {};
    for (TableCursor* cursor : {&info_, &figures_, &ends_}) TRY(cursor->advance());
    const std::int64_t last =
        wanted_.to ? saturating_sum(*wanted_.to, latest_delay(recording_.facts())) : INT64_MAX;
    while (true) {
      const TableCursor* first = nullptr;
      for (const TableCursor* cursor : {&info_, &figures_, &ends_})
        if (!cursor->is_at_end() && (first == nullptr || cursor->tick() < first->tick()))
          first = cursor;
      if (first == nullptr || first->time() >= last) break;
      TRY(follow(first->tick()));
    }
    if (is_of_all())
      for (auto& [number, living] : living_) take_living(number, living);
    return {};
  }

 private:
  bool is_of_all() const { return wanted_.which == LivesWanted::Which::all; }

  // False when the recording has nothing of the span.
  Result<bool> open() {
    const auto first = TRY(first_tick_in(
        recording_, {.axis = Range::Axis::time, .from = wanted_.from, .to = {}}));
    if (!first) return false;
    std::uint64_t tick = *first;
    if (is_of_all()) tick -= std::min(tick, kWarmUp);
    std::uint64_t told = tick;
    if (recording_.has_table("process_info"))
      told = TRY(recording_.first_tick_of_file("process_info", tick));
    info_ = TRY(TableCursor::open(recording_, "process_info", kInfoColumns, from_tick(told)));
    ends_ = TRY(TableCursor::open(recording_, "process_exit", kEndColumns, from_tick(told)));
    if (is_of_all()) figures_ = TRY(TableCursor::open(recording_, "process", kFigureColumns, from_tick(tick)));
    return true;
  }

  // All rows of a tick: who is there, what it used, who ended.
  Result<void> follow(std::uint64_t tick) {
    for (; info_.is_at(tick); TRY(info_.advance())) describe();
    if (figures_.is_at(tick)) ++turn_;
    for (; figures_.is_at(tick); TRY(figures_.advance())) take_figures();
    for (; ends_.is_at(tick); TRY(ends_.advance())) take_end();
    if (is_of_all()) {
      forget_gone();
    } else if (living_.size() > most_described_) {
      TRY(forget_untold(tick));
    }
    return {};
  }

  void describe() {
    Living& living = living_[info_.process()];
    living.turn = turn_;
    living.tick = info_.tick();
    // What became of it after the span does not matter.
    if (living.is_described && wanted_.to && info_.time() >= *wanted_.to) return;
    living.is_described = true;
    ProcessAbout& about = living.about;
    about.pid = info_.integer(kInfoPid);
    about.parent_pid = info_.integer(kParent);
    about.start_time = info_.integer(kStart);
    about.command = info_.text(kCommand);
    about.arguments = info_.text(kArguments);
    about.user = info_.text(kUser);
    if (const auto id = info_.integer(kUserId); about.user.empty() && id)
      about.user = std::to_string(*id);
    about.job = info_.text(kJob);
    about.container = info_.text(kContainer);
    about.unit = info_.text(kUnit);
    about.is_in_command = info_.integer(kInCommand) == 1;
  }

  // It began in the span, so all that it used was used there.
  bool was_born_here(const ProcessAbout& about) const {
    if (wanted_.counts_before && !wanted_.from) return true;
    const std::int64_t from = wanted_.from.value_or(recording_.facts().start_time);
    // The kernel may have a start in steps of 10 ms: that of the command itself can lie before the
    // recording that started it.
    return (about.start_time && *about.start_time >= from) || (!wanted_.from && about.is_in_command);
  }

  void take_figures() {
    const std::int64_t time = figures_.time();
    Living& living = living_[figures_.process()];
    living.turn = turn_;
    if (wanted_.to && time >= *wanted_.to) return;
    ProcessUse use{.cpu_time = sum(figures_.integer(kUserTime), figures_.integer(kSystemTime)),
                   .memory_peak = figures_.integer(kPeak),
                   .disk_read = figures_.integer(kDiskRead),
                   .disk_written = figures_.integer(kDiskWrite),
                   .io_read = figures_.integer(kRead),
                   .io_written = figures_.integer(kWrite)};
    // Of a single thread its own clock is exact; the others count in steps of 10 ms.
    if (figures_.integer(kThreads).value_or(1) <= 1)
      use.cpu_time = larger(use.cpu_time, figures_.integer(kMainThread));
    if (wanted_.from && time < *wanted_.from) {
      living.base = use;
      living.resident = figures_.integer(kMemory);
      return;
    }
    if (!living.base && !was_born_here(living.about)) living.base = use;
    living.latest = use;
    living.resident = larger(living.resident, figures_.integer(kMemory));
  }

  void take_end() {
    const auto exact = ends_.integer(kExitTime);
    const std::int64_t time = exact.value_or(ends_.time());
    const auto found = living_.find(ends_.process());
    Living living;
    if (found != living_.end()) {
      living = std::move(found->second);
      living_.erase(found);
    }
    if (wanted_.from && time < *wanted_.from) return;
    if (!living.about.pid) living.about.pid = ends_.integer(kEndPid);
    if (wanted_.to && time >= *wanted_.to) {
      // At the end of the span it was alive.
      if (is_of_all()) take_living(ends_.process(), living);
      return;
    }
    const std::string_view source = ends_.text(kSource);
    ProcessEnd end{.tick = ends_.tick(),
                   .time = time,
                   .is_exact = exact.has_value(),
                   .is_account = source == "bpf" || source == "taskstats",
                   .source = std::string(source),
                   .exit_code = ends_.integer(kExitCode),
                   .signal = ends_.integer(kSignal),
                   .core_dumped = ends_.integer(kCore)};
    const ProcessUse use{.cpu_time = sum(ends_.integer(kEndUserTime), ends_.integer(kEndSystemTime)),
                         .memory_peak = ends_.integer(kEndPeak),
                         .disk_read = ends_.integer(kEndDiskRead),
                         .disk_written = ends_.integer(kEndDiskWrite),
                         .io_read = ends_.integer(kEndRead),
                         .io_written = ends_.integer(kEndWrite)};
    const bool is_whole = !is_of_all();
    take_({.number = ends_.process(),
           .about = std::move(living.about),
           .use = is_whole ? use : used_in_span(living, use),
           .end = std::move(end)});
  }

  void take_living(std::uint64_t number, Living& living) {
    const auto start = living.about.start_time;
    if (wanted_.to && start && *start >= *wanted_.to) return;
    take_({.number = number,
           .about = std::move(living.about),
           .use = used_in_span(living, ProcessUse()),
           .end = {}});
  }

  // `end`: the last word, where there is one.
  ProcessUse used_in_span(const Living& living, const ProcessUse& end) const {
    const ProcessUse base = living.base.value_or(ProcessUse());
    const ProcessUse latest = living.latest.value_or(base);
    const auto since = [&](Figure ProcessUse::*figure) {
      return grown(either(end.*figure, latest.*figure), base.*figure);
    };
    ProcessUse use{.cpu_time = since(&ProcessUse::cpu_time),
                   .memory_peak = either(end.memory_peak, latest.memory_peak),
                   .disk_read = since(&ProcessUse::disk_read),
                   .disk_written = since(&ProcessUse::disk_written),
                   .io_read = since(&ProcessUse::io_read),
                   .io_written = since(&ProcessUse::io_written)};
    // A peak from before the span is none of its own.
    const bool is_older = wanted_.from && base.memory_peak && use.memory_peak <= base.memory_peak;
    use.memory_peak = is_older ? living.resident : larger(use.memory_peak, living.resident);
    return use;
  }

  // Those whose end was lost.
  void forget_gone() {
    if (turn_ < looked_ + kLookEvery) return;
    looked_ = turn_;
    for (auto at = living_.begin(); at != living_.end();) {
      if (at->second.turn + kGoneTurns >= turn_) {
        ++at;
        continue;
      }
      take_living(at->first, at->second);
      at = living_.erase(at);
    }
  }

  // Descriptions that the present file does not repeat are of processes that are gone.
  Result<void> forget_untold(std::uint64_t tick) {
    const std::uint64_t first = TRY(recording_.first_tick_of_file("process_info", tick));
    if (tick > first + kGoneTurns)
      std::erase_if(living_, [&](const auto& entry) { return entry.second.tick < first; });
    most_described_ = std::max(kManyDescribed, 2 * living_.size());
    return {};
  }

  const Recording& recording_;
  const LivesWanted& wanted_;
  const TakeLife& take_;
  TableCursor info_, figures_, ends_;
  std::unordered_map<std::uint64_t, Living> living_;
  std::uint64_t turn_ = 0, looked_ = 0;  // ticks in which the processes were looked at
  std::size_t most_described_ = kManyDescribed;
};

}  // namespace

std::string ProcessAbout::label() const {
  if (!arguments.empty()) return arguments;
  return command.empty() ? "?" : "[" + command + "]";
}

bool ProcessAbout::contains(std::string_view text) const {
  return text.empty() || has_text(command, text) || has_text(arguments, text) ||
         (pid && std::to_string(*pid) == text);
}

std::int64_t latest_delay(const RecordingFacts& facts) {
  // A source tells an end at the next tick; one that has to be joined with its account waits for a few
  // more, and a tick can be late.
  constexpr std::int64_t kTicks = 4, kLeast = 10'000'000'000, kLongest = 86'400'000'000'000;
  return kTicks * std::clamp<std::int64_t>(facts.interval, 0, kLongest) + kLeast;
}

Result<void> each_life(const Recording& recording, const LivesWanted& wanted, const TakeLife& take) {
  if (!recording.has_table("process_exit"))
    return Error{ErrorCode::corrupt, recording.path() + " has no table process_exit: nothing in it "
                                                        "says which processes ended"};
  return LifeWalk(recording, wanted, take).run();
}

}  // namespace tacho
