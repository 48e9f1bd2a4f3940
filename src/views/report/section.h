// SPDX-License-Identifier: Apache-2.0
// What the sections of a report share: walking rows, sums and peaks of counters.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "views/report/report.h"

namespace tacho {

#define TACHO_SECTION(name) Result<void> report_##name(const ReportContext& context, Output& output);
#include "views/report/sections.def"
#undef TACHO_SECTION

// A section's heading with an empty line before it.
void heading(Output& output, std::string_view title);
// "  name       text", broken to the output's width.
void named_line(Output& output, std::string_view name, std::string_view text);

// The columns of one batch, by their place in the list given to each_batch.
using ColumnViews = std::vector<ColumnView>;
// Calls `take` for every row of the table in the range with the views of `columns` (those that the
// table lacks are null). Nothing happens when there is no such table.
Result<void> each_row(const ReportContext& context, std::string_view table,
                      const std::vector<std::string>& columns,
                      const std::function<void(const ColumnViews& views, std::int64_t row)>& take);

// What a file of another program tells of a table in the report's range without a walk over its rows.
// Empty where only reading the rows tells.
Result<std::vector<ColumnFigures>> known_figures(const ReportContext& context, std::string_view table);

// A counter through time: how much it grew, and the steepest step between two rows.
class CounterTrace {
 public:
  CounterTrace() = default;
  explicit CounterTrace(const ColumnFigures& known)
      : grown_(static_cast<std::int64_t>(known.grown)),
        span_(known.span),
        steepest_(known.steepest),
        steepest_time_(known.steepest_time) {}
  void add(std::int64_t boottime, std::int64_t time, std::optional<std::int64_t> value);
  std::int64_t grown() const { return grown_; }
  std::int64_t span() const { return span_; }        // ns
  double steepest() const { return steepest_; }      // per second
  std::int64_t steepest_time() const { return steepest_time_; }
  double mean() const { return span_ > 0 ? static_cast<double>(grown_) * 1e9 / static_cast<double>(span_) : 0; }

 private:
  std::optional<std::int64_t> last_;
  std::int64_t last_boottime_ = 0;
  std::int64_t grown_ = 0, span_ = 0;
  double steepest_ = 0;
  std::int64_t steepest_time_ = 0;
};

// "3.2 MiB/s"
std::string per_second(double bytes);
// "12 %"; "<0.1 %" for what is more than nothing.
std::string percent(double share);

}  // namespace tacho
