// SPDX-License-Identifier: Apache-2.0
// The largest processes: by CPU time, peak memory and I/O, within the report's range.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "views/report/section.h"
#include "views/text_table.h"

namespace tacho {
namespace {

constexpr std::size_t kShown = 8;

struct ProcessTotals {
  std::int64_t first_cpu = -1, last_cpu = 0;
  std::int64_t first_read = -1, last_read = 0, first_write = -1, last_write = 0;
  std::int64_t peak = 0, peak_time = 0;
  bool born_here = false;  // within the recording: its first figures count too

  std::int64_t cpu() const { return last_cpu - (born_here ? 0 : std::max<std::int64_t>(first_cpu, 0)); }
  std::int64_t read() const { return last_read - (born_here ? 0 : std::max<std::int64_t>(first_read, 0)); }
  std::int64_t written() const { return last_write - (born_here ? 0 : std::max<std::int64_t>(first_write, 0)); }
};

struct ProcessName {
  std::int64_t pid = 0, start_boottime = 0;
  std::string command, line;
};

class Processes {
 public:
  explicit Processes(const ReportContext& context) : context_(context) {}

  Result<void> find() {
    const std::int64_t start = context_.recording.facts().start_boottime;
    TRY(each_row(context_, "process",
                 {"process", "time", "cpu_time_user", "cpu_time_system", "cpu_time_main_thread",
                  "thread_count", "disk_io_read", "disk_io_write", "memory_usage", "memory_peak"},
                 [&](const ColumnViews& at, std::int64_t row) { add(at, row); }));
    // Names of all time: a process may have been described before the range began.
    const ReportContext whole{.recording = context_.recording};
    TRY(each_row(whole, "process_info", {"process", "pid", "start_boottime", "command", "arguments"},
                 [&](const ColumnViews& at, std::int64_t row) {
                   const auto totals = totals_.find(at[0].word(row));
                   if (totals == totals_.end()) return;
                   totals->second.born_here = !context_.range.from && at[2].integer(row) >= start;
                   names_[at[0].word(row)] = {.pid = at[1].integer(row),
                                              .start_boottime = at[2].integer(row),
                                              .command = std::string(at[3].text(row)),
                                              .line = std::string(at[4].text(row))};
                 }));
    return {};
  }

  void print(Output& output) const {
    if (totals_.empty()) return;
    print_top(output, "Most CPU time", [](const ProcessTotals& totals) { return totals.cpu(); });
    print_top(output, "Highest peak memory", [](const ProcessTotals& totals) { return totals.peak; });
    print_top(output, "Most storage I/O",
              [](const ProcessTotals& totals) { return totals.read() + totals.written(); });
    output.write(fmt::format("  {} processes were seen\n", totals_.size()));
  }

 private:
  void add(const ColumnViews& at, std::int64_t row) {
    ProcessTotals& totals = totals_[at[0].word(row)];
    std::int64_t cpu = at[2].integer(row) + at[3].integer(row);
    if (at[5].integer(row) <= 1) cpu = std::max(cpu, at[4].integer(row));
    if (totals.first_cpu < 0) totals.first_cpu = cpu;
    totals.last_cpu = std::max(totals.last_cpu, cpu);
    if (!at[6].is_null(row)) {
      if (totals.first_read < 0) totals.first_read = at[6].integer(row);
      totals.last_read = at[6].integer(row);
    }
    if (!at[7].is_null(row)) {
      if (totals.first_write < 0) totals.first_write = at[7].integer(row);
      totals.last_write = at[7].integer(row);
    }
    // A peak from before the range counts only when what is resident reaches it.
    const std::int64_t memory = context_.range.from ? at[8].integer(row)
                                                    : std::max(at[8].integer(row), at[9].integer(row));
    if (memory > totals.peak) {
      totals.peak = memory;
      totals.peak_time = at[1].integer(row);
    }
  }

  template <class Figure>
  void print_top(Output& output, std::string_view title, Figure figure) const {
    std::vector<std::pair<std::int64_t, std::uint64_t>> order;
    for (const auto& [number, totals] : totals_)
      if (figure(totals) > 0) order.emplace_back(figure(totals), number);
    if (order.empty()) return;
    const std::size_t shown = std::min(kShown, order.size());
    std::ranges::partial_sort(order, order.begin() + static_cast<std::ptrdiff_t>(shown), std::greater());
    heading(output, title);
    TextTable table;
    table.add_column("PID", Align::right);
    table.add_column("CPU TIME", Align::right);
    table.add_column("PEAK", Align::right);
    table.add_column("AT", Align::left);
    table.add_column("READ", Align::right);
    table.add_column("WRITTEN", Align::right);
    table.add_column("COMMAND", Align::left, std::max(30, output.width() - 62));
    for (std::size_t index = 0; index < shown; ++index) table.add_row(cells_of(order[index].second));
    table.print(output, "  ");
  }

  std::vector<std::string> cells_of(std::uint64_t number) const {
    const ProcessTotals& totals = totals_.at(number);
    const auto name = names_.find(number);
    std::string label = "?";
    if (name != names_.end())
      label = name->second.line.empty() ? "[" + name->second.command + "]" : name->second.line;
    const bool has_io = totals.first_read >= 0;
    return {name == names_.end() ? "?" : fmt::format("{}", name->second.pid),
            format_duration(Nanoseconds(totals.cpu())), format_size(totals.peak),
            format_clock_time(Nanoseconds(totals.peak_time), context_.zone),
            has_io ? format_size(totals.read()) : "", has_io ? format_size(totals.written()) : "", label};
  }

  const ReportContext& context_;
  std::unordered_map<std::uint64_t, ProcessTotals> totals_;
  std::unordered_map<std::uint64_t, ProcessName> names_;
};

}  // namespace

Result<void> report_processes(const ReportContext& context, Output& output) {
  Processes processes(context);
  TRY(processes.find());
  processes.print(output);
  return {};
}

}  // namespace tacho
