// SPDX-License-Identifier: Apache-2.0
#include "query/recording.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "base/text.h"
#include "foreign/foreign.h"
#include "query/scan.h"
#include "store/arrow_glue.h"
#include "store/columns.h"

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
  std::shared_ptr<const RecordingSource> source;
  std::vector<std::string> names;
  std::shared_ptr<FindingLog> log = std::make_shared<FindingLog>();
  mutable std::mutex mutex;
  mutable std::map<std::string, Schema, std::less<>> schemas;

  std::shared_ptr<const TableSource> look_up(std::string_view table) const {
    for (const auto& candidate : source->tables())
      if (candidate->name() == table) return candidate;
    return nullptr;
  }
  Result<std::shared_ptr<const TableSource>> find(std::string_view table) const {
    if (auto found = look_up(table)) return found;
    return Error{ErrorCode::invalid, "there is no table " + escaped(table, 60) + " in " +
                                         escaped(source->path()) + "; there are: " + list_of(names)};
  }
};

Recording::Recording(std::shared_ptr<State> state) : state_(std::move(state)) {}
Recording::Recording(Recording&&) noexcept = default;
Recording& Recording::operator=(Recording&&) noexcept = default;
Recording::~Recording() = default;

Result<Recording> Recording::open(const std::string& path, const OpenOptions& options) {
  auto state = std::make_shared<State>();
  if (!is_packed_path(path) && is_foreign_path(path))
    state->source = TRY(open_foreign_source(path, options.data_timezone));
  else
    state->source = TRY(open_folder_source(path));
  for (const auto& table : state->source->tables()) state->names.push_back(table->name());
  for (const Finding& finding : state->source->findings()) state->log->add(finding);
  return Recording(std::move(state));
}

const std::string& Recording::path() const { return state_->source->path(); }
const RecordingFacts& Recording::facts() const { return state_->source->facts(); }
bool Recording::is_recording_now() const { return state_->source->is_recording_now(); }
bool Recording::is_foreign() const { return !remarks().empty(); }
const std::vector<std::string>& Recording::remarks() const { return state_->source->remarks(); }
bool Recording::is_packed() const { return state_->source->is_packed(); }
const std::vector<std::string>& Recording::table_names() const { return state_->names; }
bool Recording::has_table(std::string_view table) const {
  return state_->look_up(table) != nullptr;
}
std::uint64_t Recording::size() const { return state_->source->size(); }
std::vector<Finding> Recording::findings() const { return state_->log->all(); }

Result<Schema> Recording::schema(std::string_view table) const {
  const auto source = TRY(state_->find(table));
  const std::lock_guard lock(state_->mutex);
  if (const auto known = state_->schemas.find(table); known != state_->schemas.end())
    return known->second;
  Schema schema = TRY(source->schema());
  return state_->schemas.emplace(table, std::move(schema)).first->second;
}

Result<TableSummary> Recording::summary(std::string_view table) const {
  const auto source = TRY(state_->find(table));
  TableSummary summary{.name = source->name(), .size = source->size()};
  if (auto schema = this->schema(table)) {
    summary.help = metadata_of((*schema)->metadata(), kKeyDescription);
    summary.scope = metadata_of((*schema)->metadata(), kKeyScope);
  }
  for (const Segment& segment : source->segments()) {
    ++(segment.kind == Segment::Kind::part   ? summary.parts
       : segment.kind == Segment::Kind::live ? summary.live
                                             : summary.foreign);
    auto reader = source->open(segment, state_->log);
    auto found = reader ? (*reader)->summary() : Result<SegmentSummary>(reader.error());
    if (!found) {
      state_->log->add({.table = source->name(),
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
  if (const auto known = state_->source->gaps()) return *known;
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

bool Recording::is_filled(std::string_view table) const {
  const auto source = state_->look_up(table);
  return source != nullptr && source->is_filled();
}

Result<std::vector<ColumnFigures>> Recording::figures(std::string_view table,
                                                        const Range& range) const {
  if (range.axis != Range::Axis::time) return std::vector<ColumnFigures>();
  return TRY(state_->find(table))->figures(range.from, range.to);
}

Result<Stream> Recording::scan(std::string_view table, const ScanOptions& options) const {
  const auto source = TRY(state_->find(table));
  Schema all = TRY(schema(table));
  Scan scan{
      .table = source, .columns = all, .all = all, .range = options.range, .log = state_->log};
  if (!options.columns.empty()) {
    arrow::FieldVector fields;
    for (const std::string& name : options.columns) {
      auto field = all->GetFieldByName(name);
      if (!field)
        return Error{ErrorCode::invalid, "table " + source->name() + " has no column " +
                                             escaped(name, 60) +
                                             "; it has: " + list_of(all->field_names())};
      fields.push_back(std::move(field));
    }
    scan.columns = arrow::schema(std::move(fields), all->metadata());
  }
  const bool is_sorted = table == kLateTable && !is_foreign();
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
  const auto source = TRY(state_->find(table));
  const auto wanted = [&range](const RangeOf& range_of) { return may_overlap(range, range_of); };
  std::set<std::string> empty = columns;
  for (const Segment& segment : source->segments()) {
    if (empty.empty()) break;
    // What cannot be read may have held anything.
    if (!source->take_off_filled(segment, wanted, empty)) return columns;
  }
  for (const std::string& name : empty) columns.erase(name);
  return columns;
}

Result<std::uint64_t> Recording::first_tick_of_file(std::string_view table,
                                                    std::uint64_t tick) const {
  const auto source = TRY(state_->find(table));
  std::uint64_t first = tick;
  for (const Segment& segment : source->segments()) {
    auto reader = source->open(segment, state_->log);
    if (!reader) continue;
    const auto summary = (*reader)->summary();
    if (!summary || !summary->first_tick) continue;
    if (*summary->first_tick > tick) break;
    first = *summary->first_tick;
  }
  return first;
}

}  // namespace tacho
