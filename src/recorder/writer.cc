// SPDX-License-Identifier: Apache-2.0
#include "recorder/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/thread.h"
#include "base/units.h"
#include "journal/format.h"

namespace tacho {
namespace {

// How long to wait before the same write is tried again: short beside a tick, long beside a call.
constexpr int kRetryMilliseconds = 250;
// How long to wait for a frame at most, however far the next sync is: a wait costs a wake-up.
constexpr Nanoseconds kLongestWait = std::chrono::minutes(1);
// How often the end of a recording looks whether all is committed: its user waits.
constexpr Nanoseconds kDrainStep = std::chrono::microseconds(200);
// How long to wait before new files are tried again when there was no room for them.
constexpr Nanoseconds kRotationRetry = std::chrono::seconds(10);

bool is_full(const Error& error) {
  return error.system_error == ENOSPC || error.system_error == EDQUOT;
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::create(int folder, std::vector<const Table*> tables,
                                               WriterOptions options, FrameQueue& queue,
                                               EventQueue& events, SelfStatistics& statistics,
                                               Clock& clock) {
  std::unique_ptr<Writer> writer(new Writer(queue, events, statistics, clock));
  writer->folder_ = folder;
  writer->options_ = std::move(options);
  for (const Table* table : tables) {
    BatchEncoder encoder = TRY(BatchEncoder::create(*table));
    writer->journals_.push_back({table, FileDescriptor(), std::move(encoder), std::nullopt});
  }
  return writer;
}

Writer::~Writer() {
  give_up_ = true;
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

Result<void> Writer::start() {
  thread_ = TRY(start_thread([this] { run(); }, "the thread that writes"));
  return {};
}

void Writer::drain(Nanoseconds limit) {
  queue_.close();
  const Nanoseconds deadline = clock_.now().boottime + limit;
  while (!queue_.is_finished() && clock_.now().boottime < deadline)
    clock_.sleep_until(clock_.now().boottime + kDrainStep, -1);
}

std::int64_t Writer::finish() {
  give_up_ = true;
  if (thread_.joinable()) thread_.join();
  if (has_reserve_) release_reserve();
  return lost_rows_;
}

void Writer::run() {
  last_sync_ = clock_.now().boottime;
  const auto begun = begin_files();
  if (begun) {
    make_reserve();
  } else {
    note_failure(begun.error());  // the first frame tries again
  }
  while (true) {
    FramePointer frame = queue_.pop(milliseconds_to_sync());
    const Nanoseconds start = thread_cpu_time();
    if (frame) {
      const auto written = write(*frame);
      if (written) {
        if (failing_) note_recovery();
        queue_.give_back(std::move(frame));
      } else {
        note_failure(written.error());
        if (give_up_) {
          lost_rows_ += frame->rows_left();
          queue_.give_back(std::move(frame));
        } else {
          queue_.put_back(std::move(frame));
          clock_.sleep_until(
              clock_.now().boottime + std::chrono::milliseconds(kRetryMilliseconds), -1);
        }
      }
    } else if (queue_.is_finished()) {
      break;
    }
    if (clock_.now().boottime - last_sync_ >= options_.sync_interval) sync();
    statistics_.add("writer", {.cpu_time = (thread_cpu_time() - start).count(), .turns = frame ? 1 : 0});
  }
  sync_files();
  sync_facts();
}

void Writer::sync_files() {
  std::vector<JournalFile*> files;
  for (Journal& journal : journals_)
    if (journal.file) files.push_back(&*journal.file);
  sync_journals(files, [this](const Error& error) { note_failure(error); });
}

// At least 1, so that a sync that is due is no reason to spin.
int Writer::milliseconds_to_sync() const {
  const Nanoseconds left = last_sync_ + options_.sync_interval - clock_.now().boottime;
  const Nanoseconds wait = std::clamp(left, Nanoseconds::zero(), kLongestWait);
  return 1 + static_cast<int>(wait / std::chrono::milliseconds(1));
}

// Commits what of the frame is not committed yet. On an error the rest stays in the frame.
Result<void> Writer::write(Frame& frame) {
  if (frame.begins_file) {
    const auto begun = begin_files();
    // Without room for new files the old ones, grown ahead, may still hold much.
    if (!begun) {
      note_failure(begun.error());
      rotation_not_before_ = clock_.now().boottime + kRotationRetry;
      wants_rotation_ = false;
    }
    frame.begins_file = false;
  }
  if (!frame.facts.empty()) {
    // Somebody may wait for them (the receipt comes after the last ones), nobody for the disk.
    TRY(replace_file_at(folder_, std::string(kFactsName), frame.facts, Sync::no));
    unsynced_facts_ = std::move(frame.facts);
    frame.facts.clear();
  }
  for (; frame.done < frame.entries.size(); ++frame.done) {
    const Frame::Entry& entry = frame.entries[frame.done];
    Journal& journal = journals_[entry.table];
    if (!journal.file || journal.file->is_broken()) {
      // A file whose end is unknown is abandoned, and all files with it, so that numbers agree.
      restarted_ = number_ > 0;
      TRY(begin_files());
    }
    const std::span<std::byte> message = std::span(frame.bytes).subspan(entry.offset, entry.size);
    journal.encoder.finish(message, journal.file->batches());
    TRY(journal.file->append(message));
    statistics_.add(journal.table->name, {.bytes = static_cast<std::int64_t>(entry.size)});
    largest_ = std::max(largest_, journal.file->size());
  }
  const Nanoseconds now = clock_.now().boottime;
  if ((largest_ >= options_.rotate_bytes || now - file_since_ >= options_.rotate_interval) &&
      now >= rotation_not_before_)
    wants_rotation_ = true;
  return {};
}

// New files for every table. Either all of them are there, or none is used.
Result<void> Writer::begin_files() {
  const std::uint32_t number = number_ + 1;
  auto made = make_files(number);
  if (!made) {
    for (const Journal& journal : journals_)
      if (journal.folder) unlinkat(journal.folder.get(), live_name(number).c_str(), 0);
    return Error(made.error());
  }
  for (std::size_t index = 0; index < made->size(); ++index) {
    std::optional<JournalFile>& file = journals_[index].file;
    if (file)
      if (const auto synced = file->sync(); !synced) note_failure(synced.error());
    file = std::move((*made)[index]);
  }
  number_ = number;
  largest_ = 0;
  wants_rotation_ = false;
  file_since_ = clock_.now().boottime;
  if (number > 1 && options_.on_rotation) options_.on_rotation();
  return {};
}

// A file that already has this number is what an earlier attempt could not take back, on a disk that
// had become read-only: the folder is ours alone, and the number was never used.
Result<std::vector<JournalFile>> Writer::make_files(std::uint32_t number) {
  const std::string name = live_name(number);
  std::vector<JournalFile> made;
  for (Journal& journal : journals_) {
    if (!journal.folder)
      journal.folder = TRY(open_or_make_folder(folder_, std::string(journal.table->name)));
    unlinkat(journal.folder.get(), name.c_str(), 0);
    const Bytes schema = TRY(encode_schema(*journal.table, options_.recording_id, number));
    made.push_back(TRY(JournalFile::create(journal.folder.get(), name, schema)));
  }
  return made;
}

void Writer::sync() {
  last_sync_ = clock_.now().boottime;
  for (Journal& journal : journals_)
    if (journal.file)
      if (const auto written = journal.file->write_ahead(); !written) note_failure(written.error());
  sync_files();
  sync_facts();
  if (!has_reserve_ && !failing_) make_reserve();
  if (options_.on_sync) options_.on_sync();
}

void Writer::sync_facts() {
  if (unsynced_facts_.empty()) return;
  const auto synced = replace_file_at(folder_, std::string(kFactsName), unsynced_facts_);
  if (!synced) return note_failure(synced.error());
  unsynced_facts_.clear();
}

void Writer::note_failure(const Error& error) {
  statistics_.add("writer", {.errors = 1});
  if (is_full(error) && has_reserve_) release_reserve();
  if (failing_) return;
  failing_ = true;
  failing_since_ = clock_.now().boottime;
  events_.push({.name = is_full(error) ? "disk.full" : "write.failed",
                .severity = Severity::error,
                .body = error.text + "; recording goes on in memory"});
}

void Writer::note_recovery() {
  failing_ = false;
  events_.push({.name = "write.resumed",
                .severity = Severity::warning,
                .body = "writing works again after " +
                        format_duration(clock_.now().boottime - failing_since_)});
}

void Writer::make_reserve() {
  const std::string name(kReserveName);
  FileDescriptor file(openat(folder_, name.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return;
  has_reserve_ = fallocate(file.get(), 0, 0, static_cast<off_t>(options_.reserve_bytes)) == 0;
  if (!has_reserve_) unlinkat(folder_, name.c_str(), 0);
}

void Writer::release_reserve() {
  // On a disk that has become read-only it stays, and so does our knowledge of it.
  const int removed = unlinkat(folder_, std::string(kReserveName).c_str(), 0);
  has_reserve_ = removed != 0 && errno != ENOENT;
}

}  // namespace tacho
