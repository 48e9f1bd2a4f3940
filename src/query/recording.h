// SPDX-License-Identifier: Apache-2.0
// A recording, live or finished, or a file of another program that opens as one: the only door to
// its data. What has been recorded when it is opened is seen; opening again sees more. Damage never
// ends a reading: it is passed over, and told by findings().
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "journal/facts.h"
#include "query/predicate.h"
#include "query/rows.h"
#include "store/finding.h"
#include "store/source.h"

namespace tacho {

struct TableSummary {
  std::string name, help, scope;
  std::uint64_t rows = 0;
  // Of the first and the last row; unset when the table has none.
  std::optional<std::uint64_t> first_tick, last_tick;
  std::optional<Nanoseconds> first_time, last_time;
  std::optional<Nanoseconds> first_boottime, last_boottime;
  std::uint64_t size = 0;   // bytes on disk
  int parts = 0, live = 0, foreign = 0;  // files
};

// A half-open stretch of one of the three axes. Unset ends are open.
struct Range {
  enum class Axis : std::uint8_t { time, boottime, tick } axis = Axis::time;
  std::optional<std::int64_t> from;  // not before it
  std::optional<std::int64_t> to;    // before it
};

struct ScanOptions {
  Range range;
  std::vector<std::string> columns;      // empty: all, in the table's order
  const Predicate* predicate = nullptr;  // rows to keep; used during the call of scan alone
};

struct OpenOptions {
  // The zone of times that carry none, in a file of another program: an IANA name, "utc" or "local";
  // empty: what the file says, else local.
  std::string data_timezone = {};
};

class Recording {
 public:
  // A folder NAME.tacho, a Parquet or CSV file with a column of times, or a folder of such files.
  // `absent` when there is nothing at `path`; `corrupt` when it is no recording; `invalid` when it
  // is of a higher major version; `denied` when our rights do not reach it. The text says what was
  // found and what was expected.
  static Result<Recording> open(const std::string& path, const OpenOptions& options = {});
  Recording(Recording&&) noexcept;
  Recording& operator=(Recording&&) noexcept;
  ~Recording();

  const std::string& path() const;
  const RecordingFacts& facts() const;
  bool is_recording_now() const;  // a recorder holds it
  bool is_packed() const;         // one file, as `tacho pack` makes it
  // A file of another program: of facts() only name, times, interval and coverage are known.
  bool is_foreign() const;
  // How such a file was read (times, zone, units, counters), a sentence each.
  const std::vector<std::string>& remarks() const;

  const std::vector<std::string>& table_names() const;  // sorted
  bool has_table(std::string_view table) const;
  // `invalid` and the list of tables for an unknown one.
  Result<Schema> schema(std::string_view table) const;
  Result<std::vector<TableSummary>> tables() const;
  Result<TableSummary> summary(std::string_view table) const;
  // Ticks that are absent from `system` between two that are there; of a foreign file, where a step
  // between two times is longer than usual.
  Result<std::vector<Gap>> gaps() const;
  // Whether no row of a process at a tick of the table means that it has gone (in files of other
  // programs), and not that nothing changed.
  bool is_filled(std::string_view table) const;
  // Of a table's numbers over the rows of a range of time, in a file of another program: from its
  // opening, or from one reading of the range for all tables. Else nothing.
  Result<std::vector<ColumnFigures>> figures(std::string_view table, const Range& range = {}) const;
  std::uint64_t size() const;  // bytes on disk, all files of the recording

  // The rows of a table in the order of ticks, streamed: memory is bounded by a row group (about
  // 128 Ki rows). Only `event` is held whole: marks that were added when the recording had ended
  // are put where they belong. The stream may outlive the recording.
  Result<Stream> scan(std::string_view table, const ScanOptions& options = {}) const;
  // Of these columns, those that have a value somewhere in the live files, or in the row groups of
  // sealed ones that the range reaches into. Sealed files are judged by their footers.
  Result<std::set<std::string>> columns_with_values(std::string_view table,
                                                    std::set<std::string> columns,
                                                    const Range& range = {}) const;
  // The first tick of the file that `tick` is in: what is said once is said again there. `tick`
  // itself when the table has no rows before it.
  Result<std::uint64_t> first_tick_of_file(std::string_view table, std::uint64_t tick) const;

  // What was damaged or missing in all that was read so far, streams included.
  std::vector<Finding> findings() const;

 private:
  struct State;
  explicit Recording(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace tacho
