// SPDX-License-Identifier: Apache-2.0
// Writes rows, as they come from a live file, to a Parquet part.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "store/batch.h"

namespace tacho {

// A part is read back by these: digests of its rows, group by group and in all.
struct PartContent {
  std::uint64_t rows = 0;
  std::uint64_t digest = 0;  // digest_of_rows of all rows, as they came in
  std::vector<std::uint64_t> groups;
};

class PartWriter {
 public:
  // Writes to a duplicate of `descriptor`. The schema's checksum is left out of the metadata.
  static Result<std::unique_ptr<PartWriter>> create(int descriptor, const Schema& schema,
                                                    int level);
  ~PartWriter();

  // Batches in the order of the journal. Rows are gathered to row groups of about ten minutes, not
  // under 20,000 and not much over 131,072 rows, which begin with a new tick.
  Result<void> add(const Batch& batch);
  // Writes what is gathered, and the footer. Must come last.
  Result<PartContent> finish();

 private:
  struct State;
  explicit PartWriter(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace tacho
