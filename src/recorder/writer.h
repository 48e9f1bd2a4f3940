// SPDX-License-Identifier: Apache-2.0
// The thread that owns a recording's files: journals, sync, rotation, the reserve, and what happens
// when the disk is full or refuses. Nothing here runs in the tick thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "collectors/events.h"
#include "collectors/self_statistics.h"
#include "journal/encoder.h"
#include "journal/journal_file.h"
#include "recorder/frame_queue.h"
#include "schema/table.h"

namespace tacho {

struct WriterOptions {
  std::string recording_id;
  Nanoseconds sync_interval = std::chrono::seconds(5);
  Nanoseconds rotate_interval = std::chrono::hours(1);
  std::uint64_t rotate_bytes = std::uint64_t{32} << 20;   // of one journal
  std::uint64_t reserve_bytes = std::uint64_t{2} << 20;   // so that "the disk is full" is recorded
  // Called in the writer's thread when files have been left behind that will not change any more.
  std::function<void()> on_rotation;
  // Called in the writer's thread after every sync.
  std::function<void()> on_sync;
};

class Writer {
 public:
  // `folder` is the recording's. Folders of tables and the first journal files are made by the thread
  // when it starts: the first tick need not wait for them.
  static Result<std::unique_ptr<Writer>> create(int folder, std::vector<const Table*> tables,
                                                WriterOptions options, FrameQueue& queue,
                                                EventQueue& events, SelfStatistics& statistics,
                                                Clock& clock);
  ~Writer();

  Result<void> start();
  // Closes the queue and waits until all of it is committed, at most `limit`.
  void drain(Nanoseconds limit);
  // After drain: gives up what could not be committed, syncs, and ends the thread. The rows that were
  // lost, if any.
  std::int64_t finish();

  // True when the tick thread should begin new files with its next frame.
  bool wants_rotation() const { return wants_rotation_.load(std::memory_order_relaxed); }
  // True once after the writer itself began new files (after an error): the next tick should repeat
  // what is said once.
  bool take_restarted() { return restarted_.exchange(false, std::memory_order_relaxed); }
  std::uint32_t number() const { return number_.load(std::memory_order_relaxed); }

 private:
  struct Journal {
    const Table* table;
    FileDescriptor folder;
    BatchEncoder encoder;
    std::optional<JournalFile> file;
  };

  Writer(FrameQueue& queue, EventQueue& events, SelfStatistics& statistics, Clock& clock)
      : queue_(queue), events_(events), statistics_(statistics), clock_(clock) {}

  void run();
  Result<void> write(Frame& frame);
  Result<void> begin_files();
  Result<std::vector<JournalFile>> make_files(std::uint32_t number);
  int milliseconds_to_sync() const;
  void sync();
  void sync_files();
  void sync_facts();
  void note_failure(const Error& error);
  void note_recovery();
  void make_reserve();
  void release_reserve();

  FrameQueue& queue_;
  EventQueue& events_;
  SelfStatistics& statistics_;
  Clock& clock_;
  WriterOptions options_;
  int folder_ = -1;
  std::vector<Journal> journals_;
  std::thread thread_;
  std::atomic<std::uint32_t> number_{0};
  std::atomic<bool> wants_rotation_{false};
  std::atomic<bool> restarted_{false};
  std::atomic<bool> give_up_{false};
  std::atomic<std::int64_t> lost_rows_{0};
  Nanoseconds file_since_{};
  Nanoseconds rotation_not_before_{};
  std::uint64_t largest_ = 0;  // bytes of the largest journal of now
  Nanoseconds last_sync_{};
  std::string unsynced_facts_;
  bool has_reserve_ = false;
  bool failing_ = false;
  Nanoseconds failing_since_{};
};

}  // namespace tacho
