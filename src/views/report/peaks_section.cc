// SPDX-License-Identifier: Apache-2.0
// The highest moments of the machine, with their times.
#include <fmt/format.h>

#include <algorithm>

#include "base/saturating.h"
#include "views/report/section.h"

namespace tacho {
namespace {

struct Peak {
  std::optional<double> value;
  std::int64_t time = 0;
  double of = 0;  // the limit it is measured against
  void see(std::optional<double> candidate, std::int64_t at, double limit = 0) {
    if (!candidate || (value && *candidate <= *value)) return;
    value = candidate;
    time = at;
    of = limit;
  }
};

class Peaks {
 public:
  explicit Peaks(const ReportContext& context) : context_(context) {}

  Result<void> find() {
    TRY(find_memory());
    TRY(find_cpu());
    TRY(find_system());
    return find_filesystems();
  }

  bool has_any() const {
    return cpu_.value || memory_.value || swap_.value || load_.value || tasks_.value || processes_.value ||
           !filesystems_.empty();
  }

  void print(Output& output) const {
    heading(output, "Peaks of the machine");
    if (cpu_.value)
      line(output, "CPU", percent(*cpu_.value) + (cpus_ > 0 ? fmt::format(" of {} cores", cpus_) : ""), cpu_);
    if (memory_.value) line(output, "memory", in_use(memory_), memory_);
    if (swap_.value && *swap_.value > 0) line(output, "swap", in_use(swap_), swap_);
    if (load_.value) line(output, "load", fmt::format("{:.2f} over 1 minute", *load_.value), load_);
    if (processes_.value) line(output, "processes", fmt::format("{:.0f} at once", *processes_.value), processes_);
    if (tasks_.value) line(output, "tasks", fmt::format("{:.0f} at once", *tasks_.value), tasks_);
    if (created_.grown() > 0)
      output.write(fmt::format("  {:<10} {} new tasks, {:.0f} a second at most, at {}\n", "forks",
                               created_.grown(), created_.steepest(), clock(created_.steepest_time())));
    for (const auto& [mountpoint, peak] : filesystems_)
      if (peak.value && peak.of > 0)
        line(output, "disk space", fmt::format("{} of {} used on {} ({})", size(*peak.value), size(peak.of),
                                               mountpoint, percent(*peak.value / peak.of)), peak);
  }

 private:
  static std::string size(double bytes) { return format_size(static_cast<std::int64_t>(bytes)); }
  std::string clock(std::int64_t time) const {
    return format_clock_time(Nanoseconds(time), context_.zone);
  }
  void line(Output& output, std::string_view name, const std::string& text, const Peak& peak) const {
    named_line(output, name, text + " at " + clock(peak.time));
  }

  static std::string in_use(const Peak& peak) {
    if (peak.of <= 0) return size(*peak.value) + " in use";
    return fmt::format("{} of {} in use ({})", size(*peak.value), size(peak.of), percent(*peak.value / peak.of));
  }

  static const ColumnFigures* find(const std::vector<ColumnFigures>& known, std::string_view column) {
    const auto place = std::ranges::find(known, column, &ColumnFigures::column);
    return place == known.end() ? nullptr : &*place;
  }
  static void see(Peak& peak, const ColumnFigures* known, const ColumnFigures* limit = nullptr) {
    if (known != nullptr) peak.see(known->high, known->high_time, limit != nullptr ? limit->high : 0);
  }

  // What is in use is told by what is available, or, in files of others, as such.
  Result<void> find_memory() {
    const auto known = TRY(known_figures(context_, "memory"));
    if (find(known, "used") != nullptr && find(known, "available") == nullptr &&
        find(known, "swap_used") == nullptr) {
      see(memory_, find(known, "used"), find(known, "limit"));
      return {};
    }
    return each_row(context_, "memory", {"time", "limit", "available", "swap_limit", "swap_free", "used",
                                        "swap_used"},
                    [&](const ColumnViews& at, std::int64_t row) {
                      const std::int64_t time = at[0].integer(row);
                      if (!at[1].is_null(row) && !at[2].is_null(row))
                        memory_.see(at[1].real(row) - at[2].real(row), time, at[1].real(row));
                      else
                        memory_.see(at[5].find_real(row), time, at[1].real(row));
                      if (!at[3].is_null(row) && !at[4].is_null(row))
                        swap_.see(at[3].real(row) - at[4].real(row), time, at[3].real(row));
                      else
                        swap_.see(at[6].find_real(row), time, at[6].real(row) + at[4].real(row));
                    });
  }

  Result<void> find_cpu() {
    if (!context_.recording.has_table("cpu")) return {};
    for (const ColumnInfo& column : columns_of(*TRY(context_.recording.schema("cpu"))))
      if (column.name == "time_user") return find_cpu_by_time();
    return find_cpu_by_share();
  }

  // The mean of what all CPUs say of themselves, tick by tick.
  Result<void> find_cpu_by_share() {
    if (const auto known = TRY(known_figures(context_, "cpu")); !known.empty()) {
      for (const ColumnFigures& figures : known)
        if (figures.entity.empty())
          cpu_.see(figures.high, figures.high_time);
        else
          ++cpus_;
      return {};
    }
    std::uint64_t tick = 0;
    std::int64_t time = 0, count = 0;
    double sum = 0;
    const auto finish_tick = [&] {
      if (count == 0) return;
      cpu_.see(sum / static_cast<double>(count), time);
      cpus_ = std::max(cpus_, count);
      sum = 0;
      count = 0;
    };
    TRY(each_row(context_, "cpu", {"tick", "time", "utilization"}, [&](const ColumnViews& at, std::int64_t row) {
      if (at[0].word(row) != tick) finish_tick();
      tick = at[0].word(row);
      time = at[1].integer(row);
      if (at[2].is_null(row)) return;
      sum += at[2].real(row);
      ++count;
    }));
    finish_tick();
    return {};
  }

  // Busy time of all CPUs together, tick by tick.
  Result<void> find_cpu_by_time() {
    const std::vector<std::string> columns = {"tick", "time", "boottime", "time_user", "time_nice",
                                              "time_system", "time_interrupt", "time_softirq",
                                              "time_steal"};
    std::uint64_t tick = 0;
    std::int64_t busy = 0, time = 0, boottime = 0, count = 0;
    CounterTrace trace;
    const auto finish_tick = [&] {
      if (count == 0) return;
      trace.add(boottime, time, busy);
      cpus_ = std::max(cpus_, count);
      busy = count = 0;
    };
    TRY(each_row(context_, "cpu", columns, [&](const ColumnViews& at, std::int64_t row) {
      if (at[0].word(row) != tick) finish_tick();
      tick = at[0].word(row);
      time = at[1].integer(row);
      boottime = at[2].integer(row);
      for (std::size_t mode = 3; mode < columns.size(); ++mode) add_up(busy, at[mode].integer(row));
      ++count;
    }));
    finish_tick();
    if (trace.span() > 0 && cpus_ > 0)
      cpu_.see(std::min(1.0, trace.steepest() / 1e9 / static_cast<double>(cpus_)), trace.steepest_time());
    return {};
  }

  Result<void> find_system() {
    if (const auto known = TRY(known_figures(context_, "system")); !known.empty()) {
      see(load_, find(known, "load_1m"));
      see(tasks_, find(known, "task_count"));
      see(processes_, find(known, "process_count"));
      see(cpu_, find(known, "cpu_utilization"));
      return {};
    }
    return each_row(context_, "system", {"time", "boottime", "load_1m", "task_count", "process_created",
                                        "process_count", "cpu_utilization"},
                    [&](const ColumnViews& at, std::int64_t row) {
                      const std::int64_t time = at[0].integer(row);
                      load_.see(at[2].find_real(row), time);
                      tasks_.see(at[3].find_real(row), time);
                      created_.add(at[1].integer(row), time, at[4].find_integer(row));
                      processes_.see(at[5].find_real(row), time);
                      cpu_.see(at[6].find_real(row), time);
                    });
  }

  Result<void> find_filesystems() {
    return each_row(context_, "filesystem", {"time", "mountpoint", "type", "usage_used", "limit"},
                    [&](const ColumnViews& at, std::int64_t row) {
                      if (at[2].text(row) == "tmpfs" || at[2].text(row) == "squashfs") return;
                      filesystems_[std::string(at[1].text(row))].see(
                          at[3].find_real(row), at[0].integer(row), at[4].real(row));
                    });
  }

  const ReportContext& context_;
  Peak cpu_, memory_, swap_, load_, tasks_, processes_;
  CounterTrace created_;
  std::int64_t cpus_ = 0;
  std::map<std::string, Peak> filesystems_;
};

}  // namespace

Result<void> report_peaks(const ReportContext& context, Output& output) {
  Peaks peaks(context);
  TRY(peaks.find());
  if (peaks.has_any() || !context.recording.is_foreign()) peaks.print(output);
  return {};
}

}  // namespace tacho
