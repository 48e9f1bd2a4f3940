// SPDX-License-Identifier: Apache-2.0
#include "recorder/recorder.h"

#include <sys/file.h>
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "base/units.h"
#include "collectors/command_usage.h"
#include "collectors/events.h"
#include "collectors/job_variables.h"
#include "collectors/registry.h"
#include "collectors/self_statistics.h"
#include "journal/format.h"
#include "journal/recordings.h"
#include "kernel/limits.h"
#include "recorder/frame_queue.h"
#include "recorder/host.h"
#include "recorder/identity.h"
#include "recorder/mark_server.h"
#include "recorder/own_memory.h"
#include "recorder/place.h"
#include "recorder/process_lives.h"
#include "recorder/process_source.h"
#include "recorder/receipt.h"
#include "recorder/retention.h"
#include "recorder/rights.h"
#include "recorder/sealing.h"
#include "recorder/service_manager.h"
#include "recorder/time_keeper.h"
#include "recorder/turns.h"
#include "recorder/wake_up.h"
#include "recorder/writer.h"

namespace tacho {
namespace {

// How long the end of a recording waits for the disk before rows are given up.
constexpr Nanoseconds kFinishLimit = std::chrono::seconds(5);
// How long it waits for a collector that may be stuck in a dead file system.
constexpr int kCollectorLimitMilliseconds = 200;
// When what is done once is over.
constexpr Nanoseconds kBeginning = std::chrono::milliseconds(500);
// How long for the wide file, which may have to be copied whole.
constexpr Nanoseconds kWideLimit = std::chrono::seconds(60);
// Of about 500 processes; the table takes 8 bytes for each in the kernel.
constexpr std::int64_t kLikelyDescriptors = 2048;

class Recorder {
 public:
  Recorder(const RecorderOptions& options, Clock& clock, const RecorderChannel& channel)
      : options_(options), clock_(clock), channel_(channel), queue_(options.memory_limit) {}

  Result<RecordResult> run() {
    keep_heap_small();
    keep_rights_of_a_recorder();
    reserve_descriptors(kLikelyDescriptors);  // before there are threads
    TRY(prepare());
    lives_.wait_for_forced();
    const Instant start = clock_.now();
    // At tick 0 collectors leave for later what takes long, since a command may wait for it. For a wide
    // file nobody waits, and its first row is to be whole.
    std::uint64_t tick = wide_ ? 1 : 0;
    repeat_next_ = true;
    const Nanoseconds begun = tick * options_.interval;
    TimeKeeper keeper({start.time - begun, start.boottime - begun, start.monotonic - begun},
                      options_.interval, events_);
    tell_ready();
    first_tick_ = start.boottime;
    take_tick(tick, false);
    write_facts();  // with what the collectors could not see
    while (true) {
      const Instant now = clock_.now();
      keeper.watch(now);
      const std::uint64_t next = keeper.next_after(tick, now);
      if (!wait_for(keeper.due(next), start)) break;
      tick = next;
      keeper.watch(clock_.now());
      take_tick(tick, false);
    }
    if (options_.service != nullptr) options_.service->tell_stopping();
    take_tick(tick + 1, true);
    return finish();
  }

  // A collector did not come back.
  bool is_stuck() const { return stuck_; }

 private:
  Result<void> prepare() {
    // The caller's mistake is told before anything is made.
    if (options_.interval < kShortestInterval || options_.interval > kLongestInterval)
      return Error{ErrorCode::invalid, "an interval is between 10ms and 1h, for example 1s; got " +
                                           format_duration(options_.interval)};
    root_ = TRY(Root::open(options_.root));
    for (const std::string& setting : options_.settings) TRY(settings_.set(setting));
    TRY(check_settings(settings_));
    const auto selected = TRY(select_collectors(options_.only, options_.without));
    note_disabled(selected);
    if (options_.wide) wide_ = TRY(WideOutput::open(*options_.wide, options_.utc, clock_));
    const int command = options_.command ? options_.command->pid : 0;
    wake_.emplace(TRY(WakeUp::create(channel_.control, command)));
    {
      const AsCallingUser as_caller;
      place_ = TRY(make_recording_place(options_.output, options_.name, clock_.now().time));
      if (!options_.output.empty() && !options_.is_temporary && !wide_) note_elsewhere(place_.path);
    }
    begin_facts();
    open_lives(selected);
    add_collectors(selected);
    TRY(make_writer());
    if (wide_) wide_->start(facts_, place_.path, events_, statistics_);
    return {};
  }

  void note_disabled(const std::vector<const CollectorInfo*>& selected) {
    for (const CollectorInfo* info : all_collectors())
      if (std::ranges::find(selected, info) == selected.end())
        coverage_.add({.kind = CoverageNote::Kind::disabled,
                       .table = std::string(info->name()),
                       .what = "the whole table",
                       .why = "left out by --only or --without"});
  }

  void begin_facts() {
    const Instant now = clock_.now();
    facts_.id = random_id();
    facts_.name = options_.name;
    facts_.tacho_version = TACHO_VERSION;
    facts_.host = read_host(*root_);
    facts_.time_zone = local_zone_name();
    facts_.is_utc = options_.utc;
    facts_.start_time = now.time.count();
    facts_.start_boottime = now.boottime.count();
    facts_.interval = options_.interval.count();
    facts_.recorder_pid = getpid();
    facts_.user = geteuid();
    facts_.command = options_.command;
    facts_.labels = options_.labels;
    if (root_->is_machine()) facts_.labels.merge(labels_of_environment(own_environment()));
  }

  void open_lives(const std::vector<const CollectorInfo*>& selected) {
    const bool wanted = std::ranges::any_of(
        selected, [](const CollectorInfo* info) { return info->name() == "process"; });
    if (!wanted || options_.is_temporary || options_.processes == "proc" || !root_->is_machine()) return;
    lives_.open({.forced = options_.processes,
                 .bpf_program = options_.bpf_program,
                 .interval = options_.interval},
                *wake_, clock_);
  }

  void add_collectors(const std::vector<const CollectorInfo*>& selected) {
    const CollectorEnvironment environment{
        .root = *root_,
        .settings = settings_,
        .clock = clock_,
        .events = &events_,
        .statistics = &statistics_,
        .command_usage = &usage_,
        .lives = lives_.get(),
        .command = options_.command ? options_.command->pid : 0,
        .interval = options_.interval};
    for (const CollectorInfo* info : selected) {
      const auto added = turns_.add(*info, environment, wide_.get());
      if (added) continue;
      const bool denied = added.error().code == ErrorCode::denied;
      coverage_.add({.kind = denied ? CoverageNote::Kind::denied : CoverageNote::Kind::absent,
                     .table = std::string(info->name()),
                     .what = "the whole table",
                     .why = added.error().text});
    }
    for (const Table* table : turns_.tables()) facts_.tables.emplace_back(table->name);
  }

  Result<void> make_writer() {
    const AsCallingUser as_caller;
    if (!options_.reader.empty()) sealer_.emplace(options_.reader, place_.path);
    retention_ = {.time = options_.retain_time, .bytes = options_.retain_bytes};
    WriterOptions writer_options{.recording_id = facts_.id,
                                 .sync_interval = options_.sync_interval,
                                 .rotate_interval = options_.rotate_interval,
                                 .rotate_bytes = options_.rotate_bytes};
    writer_options.on_rotation = [this] {
      if (wide_) wide_->note_rotation();
      if (sealer_) sealer_->ask();
      apply_retention(place_.path, facts_.name, retention_, clock_.now().time, events_);
    };
    writer_options.on_sync = [this] {
      if (sealer_) sealer_->tend(events_);
    };
    // Not synced: its disk may be busy, and the command waits. The writer replaces it soon.
    TRY(replace_file_at(place_.folder.get(), std::string(kFactsName), to_json(facts_), Sync::no));
    writer_ = TRY(Writer::create(place_.folder.get(), turns_.tables(), std::move(writer_options),
                                 queue_, events_, statistics_, clock_));
    if (auto started = writer_->start(); !started) {
      // What was made so far is no recording.
      unlinkat(place_.folder.get(), kFactsName.data(), 0);
      rmdir(place_.path.c_str());
      return started;
    }
    return options_.is_temporary ? Result<void>() : listen_for_marks();
  }

  Result<void> listen_for_marks() {
    auto server = MarkServer::create(facts_.id);
    if (!server) {
      coverage_.add({.kind = CoverageNote::Kind::limited,
                     .table = "event",
                     .what = "marks while it records",
                     .why = server.error().text});
      return {};
    }
    marks_.emplace(std::move(*server));
    return wake_->add(marks_->descriptor());
  }

  void tell_ready() const {
    if (options_.service != nullptr) options_.service->tell_ready();
    if (channel_.ready < 0) return;
    [[maybe_unused]] const ssize_t told = write(channel_.ready, "1", 1);
  }

  // False when it is time to end.
  bool wait_for(Nanoseconds due, Instant start) {
    while (true) {
      const bool is_last = options_.duration && due >= start.boottime + *options_.duration;
      const Nanoseconds end = is_last ? start.boottime + *options_.duration : due;
      Nanoseconds until = end;
      const auto look = lives_.look_due(start.boottime);
      if (look) until = std::min(until, *look);
      if (options_.service != nullptr) until = std::min(until, options_.service->alive_due().value_or(until));
      if (!is_settled_) until = std::min(until, start.boottime + kBeginning);
      const bool is_early = until < end;
      if (clock_.sleep_until(until, wake_->descriptor())) {
        if (look && until >= *look) lives_.look();
        if (!is_settled_ && until >= start.boottime + kBeginning) settle();
        if (options_.service != nullptr) options_.service->tell_alive(clock_.now().boottime);
        if (is_early) continue;
        return !is_last;
      }
      const WakeUp::Reason reason = wake_->take();
      if (reason.other && marks_) marks_->serve(events_, clock_);
      if (reason.other && lives_.get() != nullptr) take_between();
      if (reason.report && facts_.command) add_report(*reason.report, *facts_.command);
      if (reason.report || reason.stop) return false;
    }
  }

  // A short command would wait for this at its end.
  void settle() {
    is_settled_ = true;
    if (options_.is_temporary) return;
    forget_the_beginning();
    protect_from_memory_pressure();
  }

  void take_tick(std::uint64_t tick, bool is_last) {
    tick_ = tick;
    root_->begin_turn();
    if (wide_) wide_->end_tick();
    FramePointer frame = queue_.take_empty();
    frame->begins_file = !is_last && writer_->wants_rotation();
    const bool repeat_all = frame->begins_file || writer_->take_restarted() || repeat_next_;
    repeat_next_ = false;
    turns_.take({.tick = tick, .repeat_all = repeat_all, .is_last = is_last}, *frame,
                [this](const Rows& rows) { receipt_.observe(rows); });
    // At the end newer ones follow at once, and each costs two syncs.
    if (!is_last) {
      frame->facts = std::move(pending_facts_);
      pending_facts_.clear();
    }
    push(frame);
  }

  // Many processes ended since the last tick: their rows are written now, with its number.
  void take_between() {
    FramePointer frame = queue_.take_empty();
    turns_.take_between(tick_, *frame);
    push(frame);
  }

  void push(FramePointer& frame) {
    if (queue_.push(frame)) {
      if (dropped_rows_ > 0)
        events_.push({.name = "rows.dropped",
                      .severity = Severity::error,
                      .body = "rows were lost: the disk did not take them and memory for waiting "
                              "ones was full",
                      .count = dropped_rows_});
      dropped_rows_ = 0;
      return;
    }
    dropped_rows_ += frame->rows_left();
    total_dropped_ += frame->rows_left();
    statistics_.add("writer", {.dropped = frame->rows_left()});
    // What this frame should have begun or repeated, the next one does.
    repeat_next_ = true;
    if (!frame->facts.empty()) pending_facts_ = std::move(frame->facts);
    queue_.drop(std::move(frame));
  }

  void write_facts() {
    turns_.report_coverage(coverage_);
    const Nanoseconds start = first_tick_, now = clock_.now().boottime;
    ProcessSource source = process_source_of(lives_.get(), start, now);
    facts_.process_source = std::move(source.name);
    if (std::ranges::find(facts_.tables, "process") != facts_.tables.end())
      facts_.processes_missed = std::move(source.missed);
    Coverage coverage = coverage_;
    report_process_source(lives_.get(), start, now, coverage);
    facts_.coverage = coverage.notes();
    pending_facts_ = to_json(facts_);
  }

  Result<RecordResult> finish() {
    stuck_ = !turns_.wait(kCollectorLimitMilliseconds);
    const Instant now = clock_.now();
    facts_.end_time = now.time.count();
    facts_.end_boottime = now.boottime.count();
    if (auto& command = facts_.command; command && command->end) command->cpu_time = cpu_time_of(*command, usage_);
    write_facts();
    FramePointer last = queue_.take_empty();
    last->facts = std::move(pending_facts_);
    push(last);
    marks_.reset();  // and its socket: who marks from here on marks a finished recording
    writer_->drain(kFinishLimit);
    // All is committed: from here on it is a finished recording, to be read by whoever waits for us.
    flock(place_.folder.get(), LOCK_UN);
    send_receipt();
    RecordResult result{.path = place_.path};
    result.lost_rows = writer_->finish() + total_dropped_;
    finish_wide(result);
    if (sealer_ && options_.seal_at_end) sealer_->seal_all_and_wait(events_);
    const AsCallingUser as_caller;
    apply_retention(place_.path, facts_.name, retention_, now.time, events_);
    events_.drain([&result](const Event& event) {
      if (event.severity >= Severity::warning) result.late.push_back(event.name + ": " + event.body);
    });
    return result;
  }

  void finish_wide(RecordResult& result) {
    if (!wide_) return;
    const auto finished = wide_->finish(kWideLimit);
    if (!finished) result.not_in_wide_file = finished.error();
    stuck_ = stuck_ || wide_->is_stuck();
  }

  void send_receipt() const {
    if (channel_.receipt < 0) return;
    const std::string text = receipt_.text(facts_, usage_, place_.path);
    (void)write_all(channel_.receipt, text);
    close(channel_.receipt);
  }

  const RecorderOptions& options_;
  Clock& clock_;
  const RecorderChannel channel_;
  std::optional<Root> root_;
  Settings settings_;
  Coverage coverage_;
  RecordingFacts facts_;
  EventQueue events_;
  SelfStatistics statistics_;
  CommandUsage usage_;
  ProcessLives lives_{events_, coverage_};
  Receipt receipt_;
  FrameQueue queue_;
  RecordingPlace place_;
  Retention retention_;
  std::optional<WakeUp> wake_;
  std::optional<MarkServer> marks_;
  std::optional<Sealer> sealer_;
  std::unique_ptr<WideOutput> wide_;  // before what calls it
  Turns turns_{clock_, queue_, statistics_};
  std::unique_ptr<Writer> writer_;
  std::string pending_facts_;
  std::int64_t dropped_rows_ = 0, total_dropped_ = 0;
  std::uint64_t tick_ = 0;
  Nanoseconds first_tick_{};
  bool repeat_next_ = false;
  bool is_settled_ = false;
  bool stuck_ = false;
};

}  // namespace

Result<RecordResult> record(const RecorderOptions& options, Clock& clock,
                            const RecorderChannel& channel) {
  auto recorder = std::make_unique<Recorder>(options, clock, channel);
  auto result = recorder->run();
  // A collector that is stuck in a dead file system still refers to it: it lives as long as the process.
  if (recorder->is_stuck()) (void)recorder.release();
  return result;
}

}  // namespace tacho
