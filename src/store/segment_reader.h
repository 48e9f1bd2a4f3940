// SPDX-License-Identifier: Apache-2.0
// The rows of one file of a table, sealed or live, chunk by chunk. Trusts no row without its
// checksum; what is damaged is passed over and noted.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/batch.h"
#include "store/finding.h"
#include "store/recording_folder.h"

namespace tacho {

// First and last values of the stamp columns; unset without rows.
struct SegmentSummary {
  std::uint64_t rows = 0;
  std::optional<std::uint64_t> first_tick, last_tick;
  std::optional<std::int64_t> first_time, last_time;          // ns
  std::optional<std::int64_t> first_boottime, last_boottime;  // ns
};

// False to pass a chunk over, judged by the ranges of its columns.
using ChunkWanted = std::function<bool(const RangeOf&)>;

class SegmentReader {
 public:
  virtual ~SegmentReader() = default;
  // All columns of the file that this version knows the types of: tick, time and boottime are
  // there.
  virtual const Schema& schema() const = 0;
  // Reads footers alone (sealed), or the whole file (live).
  virtual Result<SegmentSummary> summary() = 0;
  // From now on next() need decode only these columns, and those of the stamp. Unknown names are
  // ignored. It may return more.
  virtual void select(const std::vector<std::string>& columns) = 0;
  // The next chunk, or null at the end. A part's chunk is a row group: its rows are in no
  // order of ticks, but all of its ticks come before those of the next one. An error ends the
  // reading.
  virtual Result<Batch> next(const ChunkWanted& wanted) = 0;
  // True when the file was found to be what was written: a part's digest, a live file's schema.
  virtual bool is_intact() const = 0;
  // False when the file has columns of types that this version does not know.
  virtual bool has_all_columns() const = 0;
};

// Opens a file of `table`; when a live file has been sealed since the table was listed, its part.
// `absent` when both are gone (retention). When a live file's schema is damaged, that of another
// file of the table serves. Findings go to `log`, during reading too.
Result<std::unique_ptr<SegmentReader>> open_segment(const TableFolder& table,
                                                    const Segment& segment,
                                                    std::shared_ptr<FindingLog> log);

// The two kinds. `fallback` may be null.
Result<std::unique_ptr<SegmentReader>> open_part(const TableFolder& table, const Segment& segment,
                                                 std::shared_ptr<FindingLog> log);
Result<std::unique_ptr<SegmentReader>> open_live(const TableFolder& table, const Segment& segment,
                                                 std::shared_ptr<FindingLog> log,
                                                 const std::function<Result<Schema>()>& fallback);

// Takes off `columns` those that have a value in some row of the file, or may have one. A part is
// judged by its footer alone (`wanted` by row groups), a live file is read until none is left.
Result<void> take_off_filled(const TableFolder& table, const Segment& segment,
                             const ChunkWanted& wanted, std::set<std::string>& columns);
// The same of a part.
Result<void> take_off_filled_of_part(const TableFolder& table, const Segment& segment,
                                     const ChunkWanted& wanted, std::set<std::string>& columns);

// The schema of the first file of the table that has a readable one, `except` left out.
Result<Schema> find_schema(const TableFolder& table, const std::string& except);

// xxh3 (64 bits) of what is in the file now.
Result<std::uint64_t> digest_of_file(int descriptor, const std::string& name);
Result<std::uint64_t> digest_of_slice(const FileSlice& slice, const std::string& name);
std::uint64_t digest_of_bytes(std::string_view bytes);

}  // namespace tacho
