// SPDX-License-Identifier: Apache-2.0
#include "query/scan.h"

#include <algorithm>

#include "base/text.h"
#include "store/arrow_glue.h"
#include "store/columns.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

std::string name_of_axis(Range::Axis axis) {
  switch (axis) {
    case Range::Axis::time:
      return "time";
    case Range::Axis::boottime:
      return "boottime";
    case Range::Axis::tick:
      return "tick";
  }
  return "";
}

class ScanStream final : public RowStream {
 public:
  explicit ScanStream(Scan scan) : scan_(std::move(scan)), axis_(name_of_axis(scan_.range.axis)) {
    needed_ = scan_.columns->field_names();
    if (scan_.predicate)
      for (std::string& name : scan_.predicate->columns()) needed_.push_back(std::move(name));
  }

  const Schema& schema() const override { return scan_.columns; }

  Result<Batch> next() override {
    while (true) {
      if (!reader_ && !open_next()) return Batch();
      auto chunk = reader_->next([this](const RangeOf& range_of) { return is_wanted(range_of); });
      if (chunk && *chunk == nullptr) {
        reader_.reset();
        continue;
      }
      auto rows = chunk ? choose(std::move(chunk).value()) : chunk;
      if (!rows) {
        give_up(rows.error());
        continue;
      }
      if ((*rows)->num_rows() > 0) return rows;
    }
  }

 private:
  // False when there is no further file that can be read.
  bool open_next() {
    while (at_ < scan_.table->segments().size()) {
      segment_ = scan_.table->segments()[at_++];
      auto reader = scan_.table->open(segment_, scan_.log);
      if (!reader) {
        give_up(reader.error());
        continue;
      }
      reader_ = std::move(reader).value();
      note_unknown_columns();
      reader_->select(needed_);
      return true;
    }
    return false;
  }

  void give_up(const Error& error) {
    scan_.log->add({.table = scan_.table->name(),
                    .file = segment_.name,
                    .what = "left out: " + error.text,
                    .bytes = segment_.size});
    reader_.reset();
  }

  void note_unknown_columns() const {
    for (const auto& field : reader_->schema()->fields())
      if (!scan_.all->GetFieldByName(field->name()))
        scan_.log->add(
            {.table = scan_.table->name(),
             .file = segment_.name,
             .what = "column " + escaped(field->name(), 100) + " is in this file alone; left out"});
  }

  bool is_wanted(const RangeOf& range_of) const {
    if (!may_overlap(scan_.range, range_of)) return false;
    return !scan_.predicate || scan_.predicate->may_match(range_of);
  }

  // The wanted rows of a chunk by tick, with the wanted columns.
  Result<Batch> choose(Batch chunk) const {
    std::vector<std::uint8_t> matches;
    if (scan_.predicate) {
      Batch whole = TRY(project(chunk, schema_for(*chunk)));
      matches = scan_.predicate->evaluate(*whole);
    }
    const ColumnView axis(*chunk, axis_);
    std::vector<std::int32_t> rows;
    rows.reserve(static_cast<std::size_t>(chunk->num_rows()));
    for (std::int64_t row = 0; row < chunk->num_rows(); ++row) {
      if (!matches.empty() && matches[static_cast<std::size_t>(row)] == 0) continue;
      const std::int64_t at = axis.integer(row);
      if (scan_.range.from && at < *scan_.range.from) continue;
      if (scan_.range.to && at >= *scan_.range.to) continue;
      rows.push_back(static_cast<std::int32_t>(row));
    }
    sort_by_tick(*chunk, rows);
    Batch wanted = TRY(project(chunk, scan_.columns));
    const bool is_all =
        static_cast<std::int64_t>(rows.size()) == chunk->num_rows() && std::ranges::is_sorted(rows);
    if (is_all) return wanted;
    return take_rows(*wanted, rows);
  }

  // Types that differ from those the predicate was bound to must not reach it.
  Schema schema_for(const arrow::RecordBatch& chunk) const {
    arrow::FieldVector fields;
    for (const std::string& name : scan_.predicate->columns())
      if (chunk.GetColumnByName(name)) fields.push_back(scan_.all->GetFieldByName(name));
    return arrow::schema(std::move(fields));
  }

  Scan scan_;
  std::string axis_;
  std::vector<std::string> needed_;
  std::size_t at_ = 0;
  Segment segment_;
  std::unique_ptr<SegmentReader> reader_;
};

}  // namespace

bool may_overlap(const Range& range, const RangeOf& range_of) {
  const auto known = range_of(name_of_axis(range.axis));
  if (!known || !known->low || !known->high) return true;
  return (!range.from || *known->high >= *range.from) && (!range.to || *known->low < *range.to);
}

Stream scan_rows(Scan scan) { return std::make_unique<ScanStream>(std::move(scan)); }

}  // namespace tacho
