// SPDX-License-Identifier: Apache-2.0
// The lives of processes in a span of a recording: what each was, what it used and how it ended. One
// walk over the tables; memory grows with the processes that live at once, not with those that ended.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "query/recording.h"

namespace tacho {

// What `process_info` says, as last said. Empty or unset: unknown or none.
struct ProcessAbout {
  std::optional<std::int64_t> pid, parent_pid;
  std::optional<std::int64_t> start_time;  // ns since 1970
  std::string command, arguments, user, job, container, unit;
  bool is_in_command = false;

  // The command line; "[command]" where there is none, "?" where nothing was said.
  std::string label() const;
  // Its name or command line has the text (case aside), or its pid is it. An empty text fits all.
  bool contains(std::string_view text) const;
};

// A figure that the source could not know is unset.
using Figure = std::optional<std::int64_t>;
struct ProcessUse {
  std::optional<std::int64_t> cpu_time;     // ns
  std::optional<std::int64_t> memory_peak;  // bytes
  std::optional<std::int64_t> disk_read, disk_written, io_read, io_written;  // bytes
};

struct ProcessEnd {
  std::uint64_t tick = 0;   // that its row is of
  std::int64_t time = 0;    // ns since 1970
  bool is_exact = false;    // false: `time` is that of the tick which missed it
  bool is_account = false;  // the figures are the kernel's at the end; false: those last seen
  std::string source;
  std::optional<std::int64_t> exit_code, signal, core_dumped;
};

struct ProcessLife {
  std::uint64_t number = 0;
  ProcessAbout about;
  ProcessUse use;
  std::optional<ProcessEnd> end;
};

struct LivesWanted {
  enum class Which : std::uint8_t {
    ended,  // those that ended in the span; `use` is of their whole life
    all     // those that lived in it, in any part; `use` is what they used within the span
  } which = Which::ended;
  // ns since 1970: not before `from`, before `to`.
  std::optional<std::int64_t> from, to;
  // What the processes used before the recording began counts too: for one of a single moment.
  bool counts_before = false;
};

// Each life once, in no promised order. `corrupt` when the recording has no such tables.
using TakeLife = std::function<void(const ProcessLife&)>;
Result<void> each_life(const Recording& recording, const LivesWanted& wanted, const TakeLife& take);

// How much later than a process ended its row may come.
std::int64_t latest_delay(const RecordingFacts& facts);

}  // namespace tacho
