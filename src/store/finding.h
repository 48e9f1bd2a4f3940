// SPDX-License-Identifier: Apache-2.0
// What is wrong with a recording: damage is passed over, never silently.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tacho {

// Something that is damaged, missing or left out, in one line.
struct Finding {
  std::string table;  // empty: the recording as a whole
  std::string file;   // name in the table's folder; empty: none
  std::string what;
  std::uint64_t bytes = 0;           // damaged or missing, where it can be told
  std::optional<std::int64_t> rows;  // lost, where it can be told
  std::optional<Nanoseconds> span;   // lost: the time between the whole rows around it
};

// "cpu/part-000002-....parquet: its digest ... (4096 bytes, 120 rows, 2m00s)".
std::string to_line(const Finding& finding);

// Findings gathered while several streams read. Each (table, file, what) once. Thread-safe.
class FindingLog {
 public:
  void add(Finding finding);
  std::vector<Finding> all() const;

 private:
  mutable std::mutex mutex_;
  std::vector<Finding> findings_;
};

}  // namespace tacho
