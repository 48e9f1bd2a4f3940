// SPDX-License-Identifier: Apache-2.0
#include "foreign/foreign_table.h"

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <tuple>

#include "base/saturating.h"
#include "foreign/batch_pipe.h"
#include "store/arrow_glue.h"

namespace tacho {
namespace {

using Shared = std::shared_ptr<const SurveyedForeign>;

// Ranges of the stamp columns of a stretch. Ticks of a stamp rule with spans follow from the times.
RangeOf ranges_of(const Stretch& stretch, const StampRule& stamp) {
  return [&stretch, &stamp](std::string_view column) -> std::optional<ValueRange> {
    const std::int64_t low = saturating_difference(stretch.low_time, stamp.base);
    const std::int64_t high = saturating_difference(stretch.high_time, stamp.base);
    if (column == "time") return ValueRange{.low = stretch.low_time, .high = stretch.high_time};
    if (column == "boottime") return ValueRange{.low = low, .high = high};
    if (column != "tick") return std::nullopt;
    if (stamp.tick_span > 0)
      return ValueRange{.low = low / stamp.tick_span, .high = high / stamp.tick_span};
    return ValueRange{.low = static_cast<std::int64_t>(stretch.first_tick),
                      .high = static_cast<std::int64_t>(stretch.last_tick)};
  };
}

// What a row of the plan has of values: those of the column of which most are there.
const ColumnProfile* fullest(const SurveyedForeign& file, const PlannedRow& row) {
  const ColumnProfile* best = nullptr;
  for (const std::size_t source : row.sources) {
    if (source == kNoSource) continue;
    const ColumnProfile& profile = file.survey.columns[source].profile;
    if (best == nullptr || profile.count > best->count) best = &profile;
  }
  return best;
}

class ForeignReader final : public SegmentReader {
 public:
  ForeignReader(Shared file, std::shared_ptr<const TablePlan> plan)
      : file_(std::move(file)), plan_(std::move(plan)), schema_(schema_of(*plan_)) {}

  const Schema& schema() const override { return schema_; }
  bool is_intact() const override { return true; }
  bool has_all_columns() const override { return true; }
  void select(const std::vector<std::string>& columns) override { columns_ = columns; }

  Result<SegmentSummary> summary() override {
    const Survey& survey = file_->survey;
    const std::int64_t base = file_->stamp.base;
    std::optional<std::uint64_t> first_tick, last_tick;
    if (const auto known = ticks()) std::tie(first_tick, last_tick) = *known;
    if (plan_->key_columns.empty())
      return SegmentSummary{.rows = survey.rows,
                            .first_tick = first_tick,
                            .last_tick = last_tick,
                            .first_time = survey.first_time,
                            .last_time = survey.last_time,
                            .first_boottime = saturating_difference(survey.first_time, base),
                            .last_boottime = saturating_difference(survey.last_time, base)};
    // Of the file: an entity may have come later, or gone before.
    SegmentSummary summary{.first_tick = first_tick, .last_tick = last_tick};
    for (const PlannedRow& row : plan_->rows) {
      const ColumnProfile* profile = fullest(*file_, row);
      if (profile == nullptr || profile->count == 0) continue;
      summary.rows += profile->count;
      summary.first_time =
          std::min(summary.first_time.value_or(profile->first_time), profile->first_time);
      summary.last_time =
          std::max(summary.last_time.value_or(profile->last_time), profile->last_time);
      summary.first_boottime = saturating_difference(*summary.first_time, base);
      summary.last_boottime = saturating_difference(*summary.last_time, base);
    }
    return summary;
  }

  Result<Batch> next(const ChunkWanted& wanted) override {
    if (!process_) TRY(start(wanted));
    Batch batch;
    auto read = pipe_->next();
    if (read) batch = *read;
    if (batch) return batch;
    // Why it ended is told by how the process did.
    TRY(process_->finish());
    return read;
  }

 private:
  // Of the first and the last row; unknown where ticks follow from times and those go to and fro.
  std::optional<std::pair<std::uint64_t, std::uint64_t>> ticks() const {
    const Survey& survey = file_->survey;
    const StampRule& stamp = file_->stamp;
    if (stamp.tick_span == 0) return std::pair(std::uint64_t{0}, survey.ticks - 1);
    if (survey.turns_back > 0) return std::nullopt;
    const auto tick_of = [&](std::int64_t time) {
      return static_cast<std::uint64_t>(saturating_difference(time, stamp.base) / stamp.tick_span);
    };
    return std::pair(tick_of(survey.low_time), tick_of(survey.high_time));
  }

  Result<void> start(const ChunkWanted& wanted) {
    RawRequest request;
    for (std::size_t index = 0; index < file_->survey.stretches.size(); ++index)
      if (wanted(ranges_of(file_->survey.stretches[index], file_->stamp)))
        request.stretches.push_back(index);
    // The stamp alone is a selection too.
    std::vector<std::string> columns = columns_;
    if (!columns.empty()) columns.emplace_back("tick");
    const TableRows rows(*plan_, columns, file_->stamp);
    request.columns = rows.needed();
    const int kept[] = {file_->file->descriptor.get()};
    process_ = TRY(Confined::start(
        kept, [&] { use_zone(file_->zone); },
        [&](int pipe) -> Result<void> {
          const auto raw = TRY(open_raw(*file_->file));
          return write_batches(pipe, rows.schema(), [&](const Send& send) -> Result<void> {
            return raw->read(file_->survey, request, [&](const RawChunk& chunk) -> Result<bool> {
              return send(TRY(rows.convert(chunk)));
            });
          });
        }));
    pipe_ = std::make_unique<BatchPipe>(process_->descriptor(), rows.schema());
    return {};
  }

  Shared file_;
  std::shared_ptr<const TablePlan> plan_;
  Schema schema_;
  std::vector<std::string> columns_;
  std::unique_ptr<Confined> process_;
  std::unique_ptr<BatchPipe> pipe_;
};

class ForeignTable final : public TableSource {
 public:
  ForeignTable(Shared file, TablePlan plan)
      : file_(std::move(file)), plan_(std::make_shared<const TablePlan>(std::move(plan))) {
    segments_.push_back(
        {.kind = Segment::Kind::foreign, .name = file_->file->name, .size = file_->file->size});
  }

  const std::string& name() const override { return plan_->name; }
  std::uint64_t size() const override { return file_->file->size; }
  const std::vector<Segment>& segments() const override { return segments_; }
  Result<Schema> schema() const override { return schema_of(*plan_); }

  Result<std::unique_ptr<SegmentReader>> open(const Segment&,
                                              std::shared_ptr<FindingLog>) const override {
    return std::unique_ptr<SegmentReader>(std::make_unique<ForeignReader>(file_, plan_));
  }

  Result<void> take_off_filled(const Segment&, const ChunkWanted&,
                               std::set<std::string>& columns) const override {
    for (const PlannedColumn& key : plan_->key_columns) columns.erase(key.name);
    for (const Column& stamp : kStamp) columns.erase(std::string(stamp.name));
    for (const PlannedRow& row : plan_->rows)
      for (std::size_t column = 0; column < row.sources.size(); ++column) {
        if (row.sources[column] == kNoSource) continue;
        const SurveyedColumn& source = file_->survey.columns[row.sources[column]];
        // Texts are not counted: they may be there.
        if (source.profile.count > 0 || source.type_of() == Type::text)
          columns.erase(plan_->columns[column].name);
      }
    return {};
  }

  bool is_filled() const override { return plan_->is_filled; }

  Result<std::vector<ColumnFigures>> figures(std::optional<std::int64_t> from,
                                             std::optional<std::int64_t> to) const override {
    std::vector<ColumnFigures> all;
    // Where a time has several rows the steps between them say nothing.
    if (file_->survey.is_long()) return all;
    std::shared_ptr<const Survey> part;
    if (from || to) part = TRY(file_->part({from.value_or(INT64_MIN), to.value_or(INT64_MAX)}));
    const Survey& survey = part ? *part : file_->survey;
    for (const PlannedRow& row : plan_->rows) {
      std::string entity;
      for (const std::string& key : row.keys) entity += (entity.empty() ? "" : " ") + key;
      for (std::size_t column = 0; column < row.sources.size(); ++column)
        if (row.sources[column] != kNoSource)
          add_figures(plan_->columns[column], survey.columns[row.sources[column]].profile, entity, all);
    }
    if (plan_->name == "cpu" && !plan_->key_columns.empty() && !plan_->columns.empty())
      add_figures(plan_->columns.front(), survey.cpu_mean, "", all);
    return all;
  }

 private:
  static void add_figures(const PlannedColumn& planned, const ColumnProfile& profile,
                          const std::string& entity, std::vector<ColumnFigures>& all) {
    const bool is_measured = planned.kind == Kind::gauge || planned.kind == Kind::counter;
    // With a value that means nothing among them the sums are not those of the column.
    const bool is_tainted = planned.missing && profile.low == *planned.missing;
    if (!is_measured || planned.type == Type::text || profile.count == 0 || is_tainted) return;
    const double scale = planned.multiply / planned.divide;
    all.push_back({.column = planned.name,
                   .entity = entity,
                   .count = profile.count,
                   .low = profile.low * scale,
                   .high = profile.high * scale,
                   .mean = profile.sum / static_cast<double>(profile.count) * scale,
                   .last = profile.last * scale,
                   .low_time = profile.low_time,
                   .high_time = profile.high_time,
                   .grown = profile.grown * scale,
                   .steepest = profile.steepest * scale,
                   .steepest_time = profile.steepest_time,
                   .span = saturating_difference(profile.last_time, profile.first_time)});
  }

  Shared file_;
  std::shared_ptr<const TablePlan> plan_;
  std::vector<Segment> segments_;
};

}  // namespace

Result<std::shared_ptr<const Survey>> SurveyedForeign::part(TimeSpan span) const {
  const std::lock_guard lock(mutex_);
  if (part_ && span == span_) return part_;
  const int kept[] = {file->descriptor.get()};
  const auto work = [&](int pipe) -> Result<void> {
    const auto raw = TRY(open_raw(*file));
    return write_all(pipe, to_bytes(TRY(survey_part(*raw, survey, span))));
  };
  const std::string bytes = TRY(confined_text(kept, [&] { use_zone(zone); }, work, kLargestSurvey));
  auto found = std::make_shared<Survey>(TRY(survey_from(bytes)));
  if (found->columns.size() != survey.columns.size())
    return Error{ErrorCode::corrupt, file->name + " has changed while it was read"};
  span_ = span;
  part_ = std::move(found);
  return part_;
}

void use_zone(const std::string& zone) {
  setenv("TZ", zone.c_str(), 1);
  tzset();
  // The first conversion reads the zone's file.
  std::tm parts{.tm_mday = 1, .tm_year = 70};
  mktime(&parts);
}

std::shared_ptr<const TableSource> make_foreign_table(Shared file, TablePlan plan) {
  return std::make_shared<ForeignTable>(std::move(file), std::move(plan));
}

}  // namespace tacho
