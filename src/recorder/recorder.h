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

namespace tacho {

struct RecorderOptions {
  std::string root = "/";               // prefix of /proc and /sys
  std::string output;                   // the recording's folder; empty: a new one in the usual place
  std::string name = "record";          // of the series
  Nanoseconds interval = std::chrono::seconds(1);
  std::optional<Nanoseconds> duration;
  std::string only, without;            // comma-separated tables
  std::vector<std::string> settings;    // table.option=value
  std::optional<Nanoseconds> retain_time;
  std::optional<std::int64_t> retain_bytes;
  Nanoseconds sync_interval = std::chrono::seconds(5);
  bool seal = true;                     // seal at rotation and at the end
  std::optional<CommandFacts> command;  // of `tacho run`
};

// How `tacho run`'s supervisor and its recorder talk: two pipes between parent and child.
struct RecorderChannel {
  int ready = -1;    // the recorder writes one byte when its first tick is on its way; write end
  int control = -1;  // the supervisor writes one CommandReport when the command has ended; read end
  int receipt = -1;  // the recorder writes the receipt's text and closes; write end
};

// A plain struct over a pipe between two processes of one program.
struct CommandReport {
  int wait_status = 0;          // as from wait4
  bool timed_out = false;
  std::int64_t end_time = 0, end_boottime = 0;       // ns
  std::int64_t cpu_time_user = 0, cpu_time_system = 0;  // ns, from wait4
  std::int64_t memory_peak = 0;                      // bytes, ru_maxrss
};

// Records until SIGINT or SIGTERM, the end of `duration`, or the channel's CommandReport. The
// result is the path of the recording. In `tacho run` the channel's descriptors are given; when the
// supervisor goes away without a report, recording goes on until the command's pid has ended.
Result<std::string> record(const RecorderOptions& options, Clock& clock,
                           const RecorderChannel& channel = {});

}  // namespace tacho
