// SPDX-License-Identifier: Apache-2.0
#include "query/recording.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/text.h"
#include "query/scan.h"
#include "store/arrow_glue.h"
#include "store/columns.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

// The one table that is written to when the recording has ended: each late mark is a file of its own,
// behind all others.
constexpr std::string_view kLateTable = "event";

Nanoseconds time_of(const ColumnView& column, std::int64_t row) {
  return Nanoseconds(column.integer(row));
}

template <class To, class From>
void widen(std::optional<To>& first, std::optional<To>& last, const std::optional<From>& low,
           const std::optional<From>& high) {
  if (low && (!first || To(*low) < *first)) first = To(*low);
  if (high && (!last || To(*high) > *last)) last = To(*high);
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? "none" : text;
}

}  // namespace

struct Recording::State {
  RecordingFolder folder;
  std::vector<std::string> names;
  std::shared_ptr<FindingLog> log = std::make_shared<FindingLog>();
  mutable std::mutex mutex;
  mutable std::map<std::string, Schema, std::less<>> schemas;

  Result<const TableFolder*> find(std::string_view table) const {
    if (const TableFolder* found = folder.find(table)) return found;
    return Error{ErrorCode::invalid, "there is no table " + escaped(table, 60) + " in " +
                                         escaped(folder.path()) + "; there are: " + list_of(names)};
  }
};

Recording::Recording(std::shared_ptr<State> state) : state_(std::move(state)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording> Recording::open(const std::string& path) {
  auto folder = TRY(RecordingFolder::open(path));
  auto state = std::make_shared<State>(std::move(folder));
  for (const TableFolder& table : state->folder.tables()) state->names.push_back(table.name);
  for (const Finding& finding : state->folder.findings()) state->log->add(finding);
  return Recording(std::move(state));
}

const std::string& Recording::path() const { return state_->folder.path(); }
const RecordingFacts& Recording::facts() const { return state_->folder.facts(); }
bool Recording::is_recording_now() const { return state_->folder.is_recording_now(); }
const std::vector<std::string>& Recording::table_names() const { return state_->names; }
bool Recording::has_table(std::string_view table) const {
  return state_->folder.find(table) != nullptr;
}
std::uint64_t Recording::size() const { return state_->folder.size(); }
std::vector<Finding> Recording::findings() const { return state_->log->all(); }

Result<Schema> Recording::schema(std::string_view table) const {
  const TableFolder* folder = TRY(state_->find(table));
  const std::lock_guard lock(state_->mutex);
  if (const auto known = state_->schemas.find(table); known != state_->schemas.end())
    return known->second;
  // All files of a recording are written by one program: the newest stands for all.
  for (auto segment = folder->segments.rbegin(); segment != folder->segments.rend(); ++segment) {
    auto reader = open_segment(*folder, *segment, std::make_shared<FindingLog>());
    if (!reader || (!(*reader)->is_intact() && std::next(segment) != folder->segments.rend()))
      continue;
    return state_->schemas.emplace(table, (*reader)->schema()).first->second;
  }
  auto schema = find_schema(*folder, "");
  if (!schema) return Error{ErrorCode::corrupt, escaped(path()) + ": " + schema.error().text};
  return schema;
}

Result<TableSummary> Recording::summary(std::string_view table) const {
  const TableFolder* folder = TRY(state_->find(table));
  TableSummary summary{.name = folder->name, .size = folder->size};
  if (auto schema = this->schema(table)) {
    summary.help = metadata_of((*schema)->metadata(), kKeyDescription);
    summary.scope = metadata_of((*schema)->metadata(), kKeyScope);
  }
  for (const Segment& segment : folder->segments) {
    ++(segment.kind == Segment::Kind::part ? summary.parts : summary.live);
    auto reader = open_segment(*folder, segment, state_->log);
    auto found = reader ? (*reader)->summary() : Result<SegmentSummary>(reader.error());
    if (!found) {
      state_->log->add({.table = folder->name,
                        .file = segment.name,
                        .what = "left out: " + found.error().text,
                        .bytes = segment.size});
      continue;
    }
    summary.rows += found->rows;
    widen(summary.first_tick, summary.last_tick, found->first_tick, found->last_tick);
    widen(summary.first_time, summary.last_time, found->first_time, found->last_time);
    widen(summary.first_boottime, summary.last_boottime, found->first_boottime,
          found->last_boottime);
  }
  return summary;
}

Result<std::vector<TableSummary>> Recording::tables() const {
  std::vector<TableSummary> summaries;
  for (const std::string& name : state_->names) summaries.push_back(TRY(summary(name)));
  return summaries;
}

Result<std::vector<Gap>> Recording::gaps() const {
  std::vector<Gap> gaps;
  if (!has_table("system")) return gaps;
  Stream rows = TRY(scan("system", {.columns = {"tick", "time", "boottime"}}));
  bool is_first = true;
  std::uint64_t last_tick = 0;
  Nanoseconds last_time{}, last_boottime{};
  while (true) {
    const Batch batch = TRY(rows->next());
    if (!batch) return gaps;
    const ColumnView tick(*batch, "tick"), time(*batch, "time"), boottime(*batch, "boottime");
    for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
      if (!is_first && tick.word(row) > last_tick + 1)
        gaps.push_back({.first_tick = last_tick + 1,
                        .ticks = tick.word(row) - last_tick - 1,
                        .after_time = last_time,
                        .before_time = time_of(time, row),
                        .after_boottime = last_boottime,
                        .before_boottime = time_of(boottime, row)});
      is_first = false;
      last_tick = tick.word(row);
      last_time = time_of(time, row);
      last_boottime = time_of(boottime, row);
    }
  }
}

Result<Stream> Recording::scan(std::string_view table, const ScanOptions& options) const {
  const TableFolder* folder = TRY(state_->find(table));
  Schema all = TRY(schema(table));
  Scan scan{
      .table = *folder, .columns = all, .all = all, .range = options.range, .log = state_->log};
  if (!options.columns.empty()) {
    arrow::FieldVector fields;
    for (const std::string& name : options.columns) {
      auto field = all->GetFieldByName(name);
      if (!field)
        return Error{ErrorCode::invalid, "table " + folder->name + " has no column " +
                                             escaped(name, 60) +
                                             "; it has: " + list_of(all->field_names())};
      fields.push_back(std::move(field));
    }
    scan.columns = arrow::schema(std::move(fields), all->metadata());
  }
  const bool is_sorted = table == kLateTable;
  if (is_sorted && !scan.columns->GetFieldByName("boottime"))
    scan.columns = TRY(checked(scan.columns->AddField(0, all->GetFieldByName("boottime")), "scan"));
  if (options.predicate != nullptr) {
    scan.predicate = *options.predicate;
    TRY(scan.predicate->bind(*all));
  }
  Stream rows = scan_rows(std::move(scan));
  if (!is_sorted) return rows;
  return select_columns(TRY(in_order_of_boottime(std::move(rows))), options.columns);
}

Result<std::set<std::string>> Recording::columns_with_values(std::string_view table,
                                                             std::set<std::string> columns,
                                                             const Range& range) const {
  const TableFolder* folder = TRY(state_->find(table));
  const auto wanted = [&range](const RangeOf& range_of) { return may_overlap(range, range_of); };
  std::set<std::string> empty = columns;
  for (const Segment& segment : folder->segments) {
    if (empty.empty()) break;
    // What cannot be read may have held anything.
    if (!take_off_filled(*folder, segment, wanted, empty)) return columns;
  }
  for (const std::string& name : empty) columns.erase(name);
  return columns;
}

Result<std::uint64_t> Recording::first_tick_of_file(std::string_view table,
                                                    std::uint64_t tick) const {
  const TableFolder* folder = TRY(state_->find(table));
  std::uint64_t first = tick;
  for (const Segment& segment : folder->segments) {
    auto reader = open_segment(*folder, segment, state_->log);
    if (!reader) continue;
    const auto summary = (*reader)->summary();
    if (!summary || !summary->first_tick) continue;
    if (*summary->first_tick > tick) break;
    first = *summary->first_tick;
  }
  return first;
}

}  // namespace tacho
