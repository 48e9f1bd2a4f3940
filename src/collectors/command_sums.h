// SPDX-License-Identifier: Apache-2.0
// Sums over the command of `tacho run` and its descendants.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "collectors/command_usage.h"
#include "collectors/process_record.h"

namespace tacho {

class CommandSums {
 public:
  // `usage` may be null: then nothing is counted.
  explicit CommandSums(CommandUsage* usage) : usage_(usage) {}

  // One of them is gone, with what is known of its whole life.
  void take_end(const LivingProcess& process);
  void take_end(const YoungProcess& process);
  // The living at a tick at `time`, ns since 1970 UTC.
  void take_tick(std::span<const Living> living, std::int64_t page_size, std::int64_t time);

 private:
  void add_account(const ProcessAccount& account);
  CommandUsage* usage_;
  std::int64_t cpu_time_ = 0, read_bytes_ = 0, write_bytes_ = 0;  // of those that ended
};

}  // namespace tacho
