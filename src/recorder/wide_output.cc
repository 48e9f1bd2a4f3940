// SPDX-License-Identifier: Apache-2.0
#include "recorder/wide_output.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/file.h"
#include "journal/format.h"
#include "recorder/identity.h"

namespace tacho {
namespace {

// With so many the thread takes them in before it is time to write: 0.5 MiB.
constexpr std::size_t kManyRows = 512;
constexpr std::string_view kComponent = "wide";

// Every journal and part in the folders of tables.
template <class Each>
void for_each_segment(int recording, Each each) {
  using Names = std::vector<std::string>;
  const auto tables = list_folder(recording);
  for (const std::string& table : tables ? *tables : Names()) {
    const FileDescriptor folder(
        openat(recording, table.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    const auto names = folder ? list_folder(folder.get()) : Result<Names>(Names());
    for (const std::string& name : names ? *names : Names())
      if (const auto segment = parse_segment_name(name)) each(folder.get(), name, segment->number);
  }
}

std::uint32_t newest_number(int recording) {
  std::uint32_t newest = 0;
  for_each_segment(recording, [&](int, const std::string&, std::uint32_t number) {
    newest = std::max(newest, number);
  });
  return newest;
}

void remove_below(int recording, std::uint32_t limit) {
  for_each_segment(recording, [&](int folder, const std::string& name, std::uint32_t number) {
    if (number < limit) unlinkat(folder, name.c_str(), 0);
  });
}

FileDescriptor open_recording(const std::string& path) {
  return FileDescriptor(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

}  // namespace

std::string recording_beside(const std::string& wide_path) {
  const std::size_t name = wide_path.find_last_of('/') + 1;
  return wide_path.substr(0, name) + "." + wide_path.substr(name) + std::string(kRecordingSuffix);
}

Result<std::unique_ptr<WideOutput>> WideOutput::open(const WideOptions& options, bool is_utc,
                                                     Clock& clock) {
  std::unique_ptr<WideOutput> output(new WideOutput(clock));
  output->options_ = options;
  output->file_ = TRY(WideFile::open_growing(options.path, {.is_utc = is_utc}));
  return output;
}

WideOutput::~WideOutput() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void WideOutput::start(const RecordingFacts& facts, const std::string& recording,
                       EventQueue& events, SelfStatistics& statistics) {
  file_->set_facts({{"tacho.version", facts.tacho_version},
                    {"tacho.host", facts.host.name},
                    {"tacho.zone", facts.is_utc ? "UTC" : facts.time_zone},
                    {"tacho.interval", std::to_string(facts.interval)}});
  recording_ = recording;
  events_ = &events;
  statistics_ = &statistics;
  thread_ = std::thread([this] { run(); });
}

void WideOutput::observe(const std::vector<Rows>& rows) {
  const std::scoped_lock lock(building_);
  for (const Rows& of_table : rows) builder_.observe(of_table);
}

void WideOutput::end_tick() {
  Waiting next;
  {
    const std::scoped_lock lock(building_);
    if (!builder_.finish(next.row)) return;
    const auto& columns = builder_.columns();
    next.new_columns.assign(columns.begin() + static_cast<std::ptrdiff_t>(told_), columns.end());
    told_ = columns.size();
    if (builder_.is_full() && !std::exchange(told_full_, true))
      events_->push({.name = "wide.full",
                     .severity = Severity::warning,
                     .body = "the wide file has as many columns as it may: what came last has none"});
  }
  bool wakes = false;
  {
    const std::scoped_lock lock(mutex_);
    if (waiting_.size() >= WideFile::kMostWaiting) {
      ++refused_;
      return;
    }
    waiting_.push_back(std::move(next));
    wakes = waiting_.size() >= kManyRows || !has_written_;
  }
  if (wakes) changed_.notify_all();
}

void WideOutput::note_rotation() {
  const FileDescriptor folder = open_recording(recording_);
  if (!folder) return;
  const Rotation rotation{newest_number(folder.get()), clock_.now().time.count()};
  const std::scoped_lock lock(mutex_);
  rotation_ = rotation;
}

// The first row is written as soon as it is there: who looks at the file need not wait.
void WideOutput::run() {
  const AsCallingUser as_caller;
  auto due = std::chrono::steady_clock::now() + options_.write_interval;
  bool is_last = false;
  while (!is_last) {
    std::deque<Waiting> rows;
    {
      std::unique_lock lock(mutex_);
      changed_.wait_until(lock, due, [&] {
        return ending_ || waiting_.size() >= kManyRows || (!has_written_ && !waiting_.empty());
      });
      std::swap(rows, waiting_);
      is_last = ending_;
    }
    const Nanoseconds start = thread_cpu_time();
    take_in(rows);
    const bool is_due = std::chrono::steady_clock::now() >= due;
    if ((is_due || is_last || !has_written_) && file_->has_news()) write();
    while (std::chrono::steady_clock::now() >= due) due += options_.write_interval;
    statistics_->add(kComponent, {.cpu_time = (thread_cpu_time() - start).count(),
                                  .turns = 1,
                                  .rows = static_cast<std::int64_t>(rows.size())});
  }
  const std::scoped_lock lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

void WideOutput::take_in(std::deque<Waiting>& rows) {
  for (const Waiting& waiting : rows) {
    columns_.insert(columns_.end(), waiting.new_columns.begin(), waiting.new_columns.end());
    const auto appended = file_->append(waiting.row, columns_);
    if (appended) {
      last_time_ = waiting.row.time;
      continue;
    }
    note_failure(appended.error());
    const std::scoped_lock lock(mutex_);
    ++refused_;
    failure_ = appended.error();
  }
}

void WideOutput::write() {
  const auto written = file_->write();
  {
    const std::scoped_lock lock(mutex_);
    has_written_ = true;
    failure_.reset();
    if (!written) failure_ = written.error();
  }
  if (!written) return note_failure(written.error());
  if (std::exchange(is_failing_, false))
    events_->push({.name = "wide.resumed",
                   .severity = Severity::warning,
                   .body = "the wide file can be written again: nothing of it is missing"});
  remove_covered();
}

void WideOutput::note_failure(const Error& error) {
  statistics_->add(kComponent, {.errors = 1});
  if (std::exchange(is_failing_, true)) return;
  events_->push({.name = "wide.failed",
                 .severity = Severity::error,
                 .body = error.text + "; the rows are in the recording, and it is tried again"});
}

// Rows that were refused are in the journals alone: then all of them stay.
void WideOutput::remove_covered() {
  std::optional<Rotation> rotation;
  {
    const std::scoped_lock lock(mutex_);
    if (!rotation_ || rotation_->time > last_time_ || refused_ > 0) return;
    std::swap(rotation, rotation_);
  }
  if (const FileDescriptor folder = open_recording(recording_))
    remove_below(folder.get(), rotation->number);
}

Result<void> WideOutput::finish(Nanoseconds limit) {
  end_tick();
  std::unique_lock lock(mutex_);
  ending_ = true;
  changed_.notify_all();
  if (!changed_.wait_for(lock, limit, [this] { return ended_; })) {
    stuck_ = true;
    lock.unlock();
    thread_.detach();
    return Error{ErrorCode::io, "the disk of " + options_.path + " does not answer"};
  }
  lock.unlock();
  thread_.join();
  if (refused_ > 0)
    return Error{ErrorCode::exhausted, std::to_string(refused_) + " rows are not in " +
                                           options_.path +
                                           ": it could not be written for too long"};
  if (failure_) return Error(*failure_);
  return {};
}

}  // namespace tacho
