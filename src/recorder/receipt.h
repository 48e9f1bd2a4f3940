// SPDX-License-Identifier: Apache-2.0
// What `tacho run` says at the end, in about five lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "collectors/command_usage.h"
#include "journal/facts.h"
#include "schema/rows.h"

namespace tacho {

// Of all the command's processes, ns: wait4 knows of the descendants that were waited for, the ticks and
// the kernel's events of those that were not.
std::int64_t cpu_time_of(const CommandFacts& command, const CommandUsage& usage);

// Looks at the rows as they are collected and keeps what the receipt needs. Tick thread only.
class Receipt {
 public:
  void observe(const Rows& rows);
  // Lines for a terminal, each ending in a newline.
  std::string text(const RecordingFacts& facts, const CommandUsage& usage,
                   const std::string& path) const;

 private:
  void observe_memory(const Rows& rows);
  void observe_pressure(const Rows& rows);
  std::string machine_line() const;

  struct Pressure {
    std::string resource;
    std::int64_t some = 0;      // ns, at the last tick
    std::int64_t boottime = 0;
  };
  std::vector<Pressure> pressure_;
  std::string worst_resource_;
  double worst_share_ = 0;      // of the time between two ticks
  std::int64_t worst_time_ = 0;
  std::optional<std::int64_t> memory_limit_, memory_highest_;
  std::int64_t memory_highest_time_ = 0;
};

}  // namespace tacho
