// SPDX-License-Identifier: Apache-2.0
// Where the rows of a recording come from: a folder that tacho wrote (open_folder_source), or a
// file of another program (foreign/foreign.h). query/recording.h reads through this alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "store/recording_folder.h"
#include "store/segment_reader.h"

namespace tacho {

// Ticks that were not taken.
struct Gap {
  std::uint64_t first_tick = 0, ticks = 0;
  Nanoseconds after_time{}, before_time{};  // of the rows around it
  Nanoseconds after_boottime{}, before_boottime{};
};

// What is known of all values of a column without reading them again. Values are in the column's
// unit; times are ns.
struct ColumnFigures {
  std::string column;
  // The values of the row's keys, "" where there is one entity. Of the table cpu also "": the mean of
  // all, row by row.
  std::string entity;
  std::uint64_t count = 0;  // values that are there
  double low = 0, high = 0, mean = 0, last = 0;
  std::int64_t low_time = 0, high_time = 0;
  double grown = 0;     // counters: sum of the steps up
  double steepest = 0;  // counters: the steepest step, a second
  std::int64_t steepest_time = 0;
  std::int64_t span = 0;  // from its first value to its last
};

// One table. Its rows lie in segments, one behind the other in ticks.
class TableSource {
 public:
  virtual ~TableSource() = default;
  virtual const std::string& name() const = 0;
  virtual std::uint64_t size() const = 0;  // bytes on disk
  virtual const std::vector<Segment>& segments() const = 0;
  virtual Result<Schema> schema() const = 0;
  virtual Result<std::unique_ptr<SegmentReader>> open(const Segment& segment,
                                                      std::shared_ptr<FindingLog> log) const = 0;
  // As take_off_filled (store/segment_reader.h).
  virtual Result<void> take_off_filled(const Segment& segment, const ChunkWanted& wanted,
                                       std::set<std::string>& columns) const = 0;
  // True when an entity that is there has a row at every tick; else no row may mean unchanged.
  virtual bool is_filled() const { return false; }
  // Of its numbers over the rows of a stretch of time (not before `from`, before `to`; ns since 1970),
  // where that is cheaper than reading them; else nothing.
  virtual Result<std::vector<ColumnFigures>> figures(std::optional<std::int64_t> from,
                                                     std::optional<std::int64_t> to) const;
};

class RecordingSource {
 public:
  virtual ~RecordingSource() = default;
  virtual const std::string& path() const = 0;
  virtual const RecordingFacts& facts() const = 0;
  virtual bool is_recording_now() const = 0;
  virtual bool is_packed() const { return false; }  // one file, as `tacho pack` makes it
  virtual std::uint64_t size() const = 0;           // bytes on disk
  virtual const std::vector<Finding>& findings() const = 0;
  // By name. A table may outlive the source.
  virtual const std::vector<std::shared_ptr<const TableSource>>& tables() const = 0;
  // Where the source knows them itself; else they are what is absent from `system`.
  virtual std::optional<std::vector<Gap>> gaps() const { return std::nullopt; }
  // How another program's file was read, a sentence each; empty for a recording of tacho.
  virtual const std::vector<std::string>& remarks() const;
};

// A folder NAME.tacho, or what `tacho pack` made of it. Errors as Recording::open (query/recording.h).
Result<std::shared_ptr<const RecordingSource>> open_folder_source(const std::string& path);

}  // namespace tacho
