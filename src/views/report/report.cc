// SPDX-License-Identifier: Apache-2.0
#include "views/report/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/display.h"
#include "base/saturating.h"
#include "views/report/section.h"

namespace tacho {
namespace {

// Between rows that lie closer a rate is mostly noise of the counter's own steps (10 ms).
constexpr std::int64_t kShortestStep = 50'000'000;

}  // namespace

Result<void> write_report(const ReportContext& context, Output& output) {
#define TACHO_SECTION(name)              \
  TRY(report_##name(context, output)); \
  TRY(output.flush());
#include "views/report/sections.def"
#undef TACHO_SECTION
  return {};
}

void heading(Output& output, std::string_view title) {
  output.write(fmt::format("\n{}{}{}\n", output.bold(), title, output.plain()));
}

void named_line(Output& output, std::string_view name, std::string_view text) {
  output.write(wrapped(fmt::format("  {:<10} ", name), text, output.width()));
}

Result<void> each_row(const ReportContext& context, std::string_view table,
                      const std::vector<std::string>& columns,
                      const std::function<void(const ColumnViews&, std::int64_t)>& take) {
  if (!context.recording.has_table(table)) return {};
  const auto known = columns_of(*TRY(context.recording.schema(table)));
  ScanOptions options{.range = context.range};
  for (const std::string& column : columns)
    if (std::ranges::find(known, column, &ColumnInfo::name) != known.end())
      options.columns.push_back(column);
  Stream rows = TRY(context.recording.scan(table, options));
  while (const Batch batch = TRY(rows->next())) {
    ColumnViews views;
    for (const std::string& column : columns) views.emplace_back(*batch, column);
    for (std::int64_t row = 0; row < row_count(*batch); ++row) take(views, row);
    if (context.progress) context.progress(table);
  }
  return {};
}

Result<std::vector<ColumnFigures>> known_figures(const ReportContext& context, std::string_view table) {
  if (!context.recording.has_table(table)) return std::vector<ColumnFigures>();
  return context.recording.figures(table, context.range);
}

void CounterTrace::add(std::int64_t boottime, std::int64_t time, std::optional<std::int64_t> value) {
  if (!value) return;
  const std::int64_t step = saturating_difference(boottime, last_boottime_);
  if (last_ && step > 0) {
    if (step < kShortestStep) return;  // joined to the next one
    add_up(span_, step);
    if (*value >= *last_) {  // it went back: it began anew, and what lies between is unknown
      const std::int64_t growth = saturating_difference(*value, *last_);
      add_up(grown_, growth);
      const double rate = static_cast<double>(growth) * 1e9 / static_cast<double>(step);
      if (rate > steepest_) {
        steepest_ = rate;
        steepest_time_ = time;
      }
    }
  }
  last_ = value;
  last_boottime_ = boottime;
}

std::string per_second(double bytes) { return format_size(static_cast<std::int64_t>(bytes)) + "/s"; }

std::string percent(double share) {
  if (share > 0 && share < 0.0005) return "<0.1 %";
  return share > 0 && share < 0.0995 ? fmt::format("{:.1f} %", share * 100)
                                     : fmt::format("{:.0f} %", share * 100);
}

}  // namespace tacho
