// SPDX-License-Identifier: Apache-2.0
// Sealing: a live file becomes a Parquet part of the same number, and is removed only when the part
// has been read back whole. Can be killed at any step and run again. docs/RECORDING.md, "Sealing".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/finding.h"

namespace tacho {

// Where sealing of a file has got to: what tests kill it at, and what progress is shown by.
enum class SealStep : std::uint8_t {
  begun,      // the temporary file is there
  written,    // ... holds all
  synced,     // ... is on disk
  read_back,  // ... has been compared
  linked,     // the part has its name
  published,  // ... and so it is on disk
  live_removed
};

struct SealOptions {
  // zstd. Measured with bench_sealed_size (bytes a sample, time): 1: 1892, 1.3 s; 3: 1805, 1.3 s;
  // 6: 1722, 1.6 s; 9: 1719, 1.6 s; 12: 1709, 2.6 s.
  int level = 6;
  std::function<void(const std::string& table, std::uint32_t number, SealStep step)> on_step;
};

struct SealReport {
  std::uint64_t sealed = 0;  // files
  std::uint64_t rows = 0;
  std::uint64_t live_bytes = 0, part_bytes = 0;
  std::uint64_t left = 0;  // live files that a recorder still writes, or that another sealer has
  std::vector<Finding> findings;  // damage: what was set aside as bad-*, what could not be sealed
};

// Seals all live files of a recording; of one that is being recorded, those that the recorder has
// left behind (below the highest number that every table has). Files that are damaged are sealed
// from what is whole, and the damaged file stays as bad-live-*; a part that is damaged is kept as
// bad-part-* when its live file is still there to be sealed again. Two sealers exclude each other
// table by table.
Result<SealReport> seal(const std::string& recording, const SealOptions& options = {});

}  // namespace tacho
