// SPDX-License-Identifier: Apache-2.0
// A recording as wide rows: the same that its recorder would have put into a wide file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "query/recording.h"
#include "views/output.h"
#include "wide/row.h"
#include "wide/wide_file.h"

namespace tacho {

// The wide rows of a recording, one by one; memory is bounded by a row group of each table.
class WideReader {
 public:
  static Result<WideReader> open(const Recording& recording);
  WideReader(WideReader&&) noexcept;
  ~WideReader();

  // False at the end. `tick`: of the row.
  Result<bool> next(WideRow& row, std::uint64_t& tick);
  // Those of the last row; only grows.
  const std::vector<WideColumn>& columns() const;

 private:
  struct State;
  explicit WideReader(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All columns that the rows of a recording have in the end: the recording is read through.
Result<std::vector<WideColumn>> wide_columns(const Recording& recording);

// The rows whose time is in the range (of the axis time) as a stream; its time has the name
// "timestamp" and is in microseconds, in UTC or without a zone.
Result<Stream> wide_stream(const Recording& recording, const Range& range, bool is_utc);

// What a wide file says of itself.
std::vector<std::pair<std::string, std::string>> wide_facts(const RecordingFacts& facts,
                                                            bool is_utc);

using WideProgress = std::function<void(std::int64_t rows)>;
// Writes them to a file that is made anew (Parquet), ...
Result<void> export_wide_parquet(const Recording& recording, const Range& range, bool is_utc,
                                 const std::string& path, const WideProgress& progress = {});
// ... or as lines of CSV.
Result<void> export_wide_csv(const Recording& recording, const Range& range, bool is_utc,
                             Output& output, const WideProgress& progress = {});
// Brings the rows that came after the file's last one into it: what a killed recorder left. How
// many.
Result<std::int64_t> recover_wide(const Recording& recording, const std::string& path, bool is_utc);

// The last row as one JSON object.
Result<std::string> wide_json(const Recording& recording, bool is_utc);

}  // namespace tacho
