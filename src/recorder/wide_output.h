// SPDX-License-Identifier: Apache-2.0
// The one wide file beside the journals (`--output x.parquet`): rows are made as they are collected
// and written by a thread of its own, since a busy disk must neither stop the clock nor the
// journals.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/events.h"
#include "collectors/self_statistics.h"
#include "journal/facts.h"
#include "schema/rows.h"
#include "wide/row_builder.h"
#include "wide/wide_file.h"

namespace tacho {

struct WideOptions {
  std::string path;  // ends in .parquet or .csv
  Nanoseconds write_interval = std::chrono::seconds(10);
};

// The folder of the recording beside a wide file: ".NAME.tacho". It holds what the file does not
// hold yet, so that a kill loses nothing, and goes when all is in the file.
std::string recording_beside(const std::string& wide_path);

class WideOutput {
 public:
  // Opens the file, or says why it cannot be continued. Makes nothing yet.
  static Result<std::unique_ptr<WideOutput>> open(const WideOptions& options, bool is_utc,
                                                  Clock& clock);
  ~WideOutput();

  // Starts the thread. `recording` is the folder with the journals.
  void start(const RecordingFacts& facts, const std::string& recording, EventQueue& events,
             SelfStatistics& statistics);
  // Rows of one collector's turn. Any thread.
  void observe(const std::vector<Rows>& rows);
  // Before the collectors of the next tick are asked, and once after the last: the row of the tick
  // is made. What a slower collector had to say until then is in it.
  void end_tick();
  // The journals have rotated: files that the wide file covers by then are removed.
  void note_rotation();
  // Writes what is left and ends the thread. An error, when not all rows could be written: they are
  // in the recording. When the disk hangs it is left behind after `limit`, and must outlive
  // everything.
  Result<void> finish(Nanoseconds limit);
  bool is_stuck() const { return stuck_; }

 private:
  struct Waiting {
    WideRow row;
    std::vector<WideColumn> new_columns;
  };
  struct Rotation {
    std::uint32_t number = 0;  // of the newest files
    std::int64_t time = 0;     // of which nothing older is in them
  };

  explicit WideOutput(Clock& clock) : clock_(clock) {}
  void run();
  void take_in(std::deque<Waiting>& rows);
  void write();
  void note_failure(const Error& error);
  void remove_covered();

  Clock& clock_;
  WideOptions options_;
  std::string recording_;
  EventQueue* events_ = nullptr;
  SelfStatistics* statistics_ = nullptr;

  std::mutex building_;  // of builder_ and told_
  RowBuilder builder_;
  std::size_t told_ = 0;  // columns that the thread knows
  bool told_full_ = false;

  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Waiting> waiting_;
  std::optional<Rotation> rotation_;
  bool ending_ = false, ended_ = false;
  std::optional<Error> failure_;  // of the last try to write
  std::int64_t refused_ = 0;      // rows

  // The thread's own.
  std::unique_ptr<WideFile> file_;
  std::vector<WideColumn> columns_;
  std::int64_t last_time_ = 0;
  bool has_written_ = false, is_failing_ = false;
  std::thread thread_;
  bool stuck_ = false;
};

}  // namespace tacho
