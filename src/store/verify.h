// SPDX-License-Identifier: Apache-2.0
// Checks every byte of a recording.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/finding.h"

namespace tacho {

struct VerifyReport {
  std::uint64_t files = 0, bytes = 0, rows = 0;  // that were read; rows: whole ones
  std::vector<Finding> findings;                 // empty: all is whole
};

// Parts: the file's digest against its name, page checksums, the digest of every row group. Live
// files: the checksum of every batch, sequence numbers, the end marker. Then that files belong to
// this recording and table, that no number is missing, and what was set aside. Changes nothing. An
// error when it is no recording or cannot be read. `progress` is told bytes done and bytes in all.
Result<VerifyReport> verify(const std::string& recording,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

}  // namespace tacho
