// SPDX-License-Identifier: Apache-2.0
// What the supervisor tells the recorder when the command has ended.
#pragma once

#include <cstdint>

#include "journal/facts.h"

namespace tacho {

// A plain struct over a pipe between two processes of one program.
struct CommandReport {
  int wait_status = 0;          // as from wait4
  bool timed_out = false;
  std::int64_t start_time = 0, start_boottime = 0;  // when it was let go; ns
  std::int64_t end_time = 0, end_boottime = 0;       // ns
  std::int64_t cpu_time_user = 0, cpu_time_system = 0;  // ns, from wait4
  std::int64_t memory_peak = 0;                      // bytes, ru_maxrss
};

// How the command ended and what it used, in the words of the recording.
void add_report(const CommandReport& report, CommandFacts& command);

}  // namespace tacho
