// SPDX-License-Identifier: Apache-2.0
#include "views/report/process_totals.h"

#include <algorithm>
#include <unordered_map>

#include "base/saturating.h"
#include "views/table_cursor.h"

namespace tacho {
namespace {

// Every process has a row at least every 60 ticks of the table; one without any in three turns of
// those is gone, though its end was lost (docs/RECORDING.md, "Process rows").
constexpr std::uint64_t kGoneTurns = 180;
// Who is gone is looked for now and then; waiting for them costs only their memory.
constexpr std::uint64_t kLookEvery = 64;
// Rows between two words of progress.
constexpr std::uint64_t kProgressEvery = 1 << 16;

const std::vector<std::string> kInfoColumns = {"tick", "time", "process", "pid", "start_boottime",
                                               "start_time", "in_command"};
enum InfoColumn { kInfoPid = 3, kStartBoottime, kStartTime, kInCommand };
const std::vector<std::string> kFigureColumns = {
    "tick", "time", "process", "cpu_time_user", "cpu_time_system", "cpu_time_main_thread",
    "thread_count", "disk_io_read", "disk_io_write", "memory_usage", "memory_peak", "cpu_time"};
// The last one is in files of other programs alone, in the place of the first two.
enum FigureColumn { kUserTime = 3, kSystemTime, kMainThread, kThreads, kRead, kWrite, kMemory, kPeak, kTotalTime };
const std::vector<std::string> kEndColumns = {
    "tick", "time", "process", "pid", "cpu_time_user", "cpu_time_system", "disk_io_read",
    "disk_io_write", "memory_peak"};
enum EndColumn { kEndPid = 3, kEndUserTime, kEndSystemTime, kEndRead, kEndWrite, kEndPeak };

// Not ended yet, as far as the walk has come.
struct Living {
  ReportedProcess process;
  bool is_in_command = false, is_born_here = false;
  bool is_seen = false;      // something is known of what it used in the range
  std::int64_t memory = 0;   // its part of the sum of resident memory
  std::uint64_t turn = 0;    // when it was last spoken of
};

class Walk {
 public:
  explicit Walk(const ReportContext& context) : context_(context) {}

  Result<ReportedProcesses> run() {
    if (!TRY(open())) return std::move(found_);
    for (TableCursor* cursor : {&info_, &figures_, &ends_}) TRY(cursor->advance());
    while (!figures_.is_at_end() || (!ends_.is_at_end() && !is_after_range(ends_))) {
      std::uint64_t tick = UINT64_MAX;
      for (const TableCursor* cursor : {&info_, &figures_, &ends_})
        if (!cursor->is_at_end()) tick = std::min(tick, cursor->tick());
      TRY(follow(tick));
    }
    for (auto& [number, living] : living_) finish(living);
    return std::move(found_);
  }

 private:
  // False when the recording has nothing of the range.
  Result<bool> open() {
    const Recording& recording = context_.recording;
    if (!recording.has_table("process") && !recording.has_table("process_exit")) return false;
    const auto first = TRY(first_tick_in(recording, context_.range));
    if (!first) return false;
    // A process may have been described before the range began.
    std::uint64_t told = *first;
    if (recording.has_table("process_info"))
      told = TRY(recording.first_tick_of_file("process_info", told));
    info_ = TRY(TableCursor::open(recording, "process_info", kInfoColumns, from_tick(told)));
    figures_ = TRY(TableCursor::open(recording, "process", kFigureColumns, context_.range));
    // Who ended before the range, so that the described ones do not become more and more.
    ends_ = TRY(TableCursor::open(recording, "process_exit", kEndColumns, from_tick(told)));
    return true;
  }

  // All rows of a tick: who is there, what it used, who ended.
  Result<void> follow(std::uint64_t tick) {
    const bool has_figures = figures_.is_at(tick);
    for (; info_.is_at(tick); TRY(advance(info_))) describe();
    std::int64_t time = 0;
    for (; figures_.is_at(tick); TRY(advance(figures_))) {
      time = figures_.time();
      take_figures();
    }
    for (; ends_.is_at(tick); TRY(advance(ends_))) take_end();
    if (!has_figures) return {};
    if (memory_ > found_.highest_memory) {
      found_.highest_memory = memory_;
      found_.highest_memory_time = time;
    }
    ++turn_;
    forget_gone();
    return {};
  }

  Result<void> advance(TableCursor& cursor) {
    if (++rows_ % kProgressEvery == 0 && context_.progress) context_.progress("process");
    return cursor.advance();
  }

  Living& living(const TableCursor& cursor) {
    Living& living = living_[cursor.process()];
    living.process.number = cursor.process();
    living.turn = turn_;
    return living;
  }

  void describe() {
    Living& of = living(info_);
    of.process.pid = info_.integer(kInfoPid).value_or(0);
    of.is_in_command = info_.integer(kInCommand) == 1;
    // The kernel has the start in steps of 10 ms: of one born with the recording it can lie
    // before it, but the command itself was started by the recorder.
    const bool is_born_here =
        context_.range.from
            ? info_.integer(kStartTime) >= context_.range.from
            : of.is_in_command ||
                  info_.integer(kStartBoottime).value_or(0) >= context_.recording.facts().start_boottime;
    of.is_born_here = of.is_born_here || is_born_here;
  }

  // Rows come by tick; "no row" means unchanged, until the process ends.
  void take_figures() {
    Living& of = living(figures_);
    of.is_seen = true;
    ProcessTotals& totals = of.process.totals;
    const auto figure = [this](int column) { return figures_.integer(column).value_or(0); };
    std::int64_t cpu = saturating_sum(saturating_sum(figure(kUserTime), figure(kSystemTime)), figure(kTotalTime));
    if (figure(kThreads) <= 1) cpu = std::max(cpu, figure(kMainThread));
    // A file of another program may not know it.
    if (figures_.integer(kUserTime) || figures_.integer(kSystemTime) || figures_.integer(kTotalTime))
      take(totals.first_cpu, totals.last_cpu, cpu);
    take(totals.first_read, totals.last_read, figures_.integer(kRead));
    take(totals.first_write, totals.last_write, figures_.integer(kWrite));
    // A peak from before the range counts only when what is resident reaches it.
    const std::int64_t resident = figure(kMemory);
    take_peak(totals, context_.range.from ? resident : std::max(resident, figure(kPeak)), figures_.time());
    if (!of.is_in_command) return;
    add_up(memory_, saturating_difference(resident, of.memory));
    of.memory = resident;
  }

  static void take(std::int64_t& first, std::int64_t& last, std::optional<std::int64_t> value) {
    if (!value) return;
    if (first < 0) first = *value;
    last = std::max(last, *value);
  }

  static void take_peak(ProcessTotals& totals, std::int64_t peak, std::int64_t time) {
    if (peak <= totals.peak) return;
    totals.peak = peak;
    totals.peak_time = time;
  }

  void take_end() {
    Living& of = living(ends_);
    if (of.process.pid == 0) of.process.pid = ends_.integer(kEndPid).value_or(0);
    // One that ended after the range was there in it.
    if (is_after_range(ends_)) return;
    if (ends_.time() >= context_.range.from.value_or(INT64_MIN)) add_account(of);
    finish(of);
    living_.erase(ends_.process());
  }

  bool is_after_range(const TableCursor& cursor) const {
    return context_.range.to && cursor.time() >= *context_.range.to;
  }

  // The account of a whole life. Of one that was born before the range it says nothing about its part in
  // it, unless ticks saw where that began.
  void add_account(Living& of) {
    if (!of.is_born_here && context_.range.from) return;
    of.is_seen = true;
    ProcessTotals& totals = of.process.totals;
    totals.ended_cpu =
        saturating_sum(ends_.integer(kEndUserTime).value_or(0), ends_.integer(kEndSystemTime).value_or(0));
    const auto take_io = [&](std::int64_t& first, std::int64_t& last, int column) {
      const auto value = ends_.integer(column);
      if (value && of.is_born_here) first = 0;
      last = std::max(last, value.value_or(0));
    };
    take_io(totals.first_read, totals.last_read, kEndRead);
    take_io(totals.first_write, totals.last_write, kEndWrite);
    take_peak(totals, ends_.integer(kEndPeak).value_or(0), ends_.time());
  }

  // Nothing more will be told of it.
  void finish(Living& of) {
    memory_ = saturating_difference(memory_, of.memory);
    if (!of.is_seen) return;
    ProcessTotals& totals = of.process.totals;
    totals.was_born_here = of.is_born_here;
    // One that no tick saw, born before: its account is not of this part alone.
    if (of.is_born_here || totals.first_cpu >= 0) totals.last_cpu = std::max(totals.last_cpu, totals.ended_cpu);
    (of.is_in_command ? found_.command : found_.others).add(of.process);
  }

  // Those whose end was lost.
  void forget_gone() {
    if (turn_ % kLookEvery != 0) return;
    for (auto at = living_.begin(); at != living_.end();) {
      const bool is_gone = at->second.turn + kGoneTurns < turn_;
      if (is_gone) finish(at->second);
      at = is_gone ? living_.erase(at) : std::next(at);
    }
  }

  const ReportContext& context_;
  TableCursor info_, figures_, ends_;
  std::unordered_map<std::uint64_t, Living> living_;
  ReportedProcesses found_;
  std::uint64_t turn_ = 0;   // ticks in which the processes were looked at
  std::uint64_t rows_ = 0;
  std::int64_t memory_ = 0;  // resident, of the command's living processes
};

}  // namespace

std::string ReportedProcess::label() const {
  if (line.empty()) return "[" + command + "]";
  const std::size_t slash = std::string_view(line).substr(0, line.find(' ')).rfind('/');
  return line.front() == '/' && slash != std::string::npos ? line.substr(slash + 1) : line;
}

void LargestProcesses::add(const ReportedProcess& process) {
  const auto order = [this](const ReportedProcess& one) {
    return std::pair(-figure_(one.totals), one.number);
  };
  if (figure_(process.totals) <= 0) return;
  if (list_.size() == room_ && order(process) > order(list_.back())) return;
  list_.insert(std::ranges::upper_bound(list_, order(process), {}, order), process);
  if (list_.size() > room_) list_.pop_back();
}

void ProcessGroup::add(const ReportedProcess& process) {
  ++count;
  add_up(cpu, process.totals.cpu());
  add_up(read, process.totals.read());
  add_up(written, process.totals.written());
  misses_io = misses_io || !process.totals.has_io();
  has_cpu = has_cpu || process.totals.has_cpu();
  for (LargestProcesses* largest : {&by_cpu, &by_peak, &by_io}) largest->add(process);
}

Result<ReportedProcesses> read_processes(const ReportContext& context) { return Walk(context).run(); }

Result<void> read_lines(const ReportContext& context, std::vector<ReportedProcess>& processes) {
  const ReportContext whole{.recording = context.recording};
  return each_row(whole, "process_info", {"process", "command", "arguments"},
                  [&](const ColumnViews& at, std::int64_t row) {
                    const auto found =
                        std::ranges::find(processes, at[0].word(row), &ReportedProcess::number);
                    if (found == processes.end()) return;
                    found->command = at[1].text(row);
                    found->line = at[2].text(row);
                  });
}

}  // namespace tacho
