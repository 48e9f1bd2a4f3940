// SPDX-License-Identifier: Apache-2.0
// The recorder: takes ticks on an absolute grid, lets every collector read, and hands the rows to
// the writer. Runs in the calling process until it is told to stop.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "journal/facts.h"
#include "recorder/command_report.h"
#include "recorder/wide_output.h"

namespace tacho {

class ServiceManager;  // recorder/service_manager.h

inline constexpr Nanoseconds kShortestInterval = std::chrono::milliseconds(10);
inline constexpr Nanoseconds kLongestInterval = std::chrono::hours(1);

struct RecorderOptions {
  std::string root = "/";               // prefix of /proc and /sys
  std::string output;                   // the recording's folder; empty: a new one in the usual place
  std::string name = "record";          // of the series
  Nanoseconds interval = std::chrono::seconds(1);
  std::optional<Nanoseconds> duration;
  bool utc = false;                     // label the recording UTC instead of the local zone
  std::string only, without;            // comma-separated tables
  std::vector<std::string> settings;    // table.option=value
  Labels labels;                        // before those of the job that we run in
  std::optional<Nanoseconds> retain_time;
  std::optional<std::int64_t> retain_bytes;
  Nanoseconds sync_interval = std::chrono::seconds(5);
  Nanoseconds rotate_interval = std::chrono::hours(1);    // new journal files at least so often
  std::uint64_t rotate_bytes = std::uint64_t{32} << 20;   // ... or when one has this size
  std::size_t memory_limit = std::size_t{64} << 20;       // for rows that cannot be written yet
  std::string reader;                   // tacho-reader's path; empty: nothing is sealed
  bool seal_at_end = true;              // what is left when recording ends; `tacho run` does not wait
  std::string processes;                // bpf, taskstats, connector or proc; empty: the best there is
  std::string bpf_program;              // tacho-bpf's path; empty: no BPF
  // The wide file as well; then `output` is the recording beside it (recording_beside), which its
  // maker removes when all is in the file.
  std::optional<WideOptions> wide;
  bool is_temporary = false;            // a look at now: not listed, takes no marks, no special care
  std::optional<CommandFacts> command;  // of `tacho run`
  ServiceManager* service = nullptr;    // that started us and wants to hear
};

// How `tacho run`'s supervisor and its recorder talk: two pipes between parent and child.
struct RecorderChannel {
  int ready = -1;    // the recorder writes one byte when its first tick is on its way; write end
  int control = -1;  // the supervisor writes one CommandReport when the command has ended; read end
  int receipt = -1;  // the recorder writes the receipt's text and closes; write end
};

struct RecordResult {
  std::string path;              // of the recording
  std::int64_t lost_rows = 0;    // that could not be written
  std::optional<Error> not_in_wide_file;  // why not all rows are in the wide file: they are in `path`
  std::vector<std::string> late;  // warnings that came after the last tick: no event tells them
};

// Records until SIGINT or SIGTERM, the end of `duration`, or the channel's CommandReport. In `tacho run` the channel's descriptors are given; when the
// supervisor goes away without a report, recording goes on until the command's pid has ended.
Result<RecordResult> record(const RecorderOptions& options, Clock& clock,
                           const RecorderChannel& channel = {});

}  // namespace tacho
