// SPDX-License-Identifier: Apache-2.0
// Reads a table to its end, as whatever shows it does, and what was found on the way.
#pragma once

#include <string_view>

#include "fuzz.h"
#include "query/recording.h"

namespace tacho::fuzz {

inline void scan_to_end(const Recording& recording, std::string_view table, const ScanOptions& options = {}) {
  auto rows = recording.scan(table, options);
  while (rows) {
    const auto batch = (*rows)->next();
    if (!batch || !*batch) break;
  }
  for (const Finding& finding : recording.findings())
    expect(to_line(finding).find('\n') == std::string::npos, "a finding of several lines");
}

}  // namespace tacho::fuzz
