// SPDX-License-Identifier: Apache-2.0
// The largest processes: those of the command first, then what else the machine did.
#include <fmt/format.h>

#include <algorithm>

#include "base/display.h"
#include "views/report/process_totals.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

// By CPU time; then those that are not among them, but high in memory or I/O.
constexpr std::size_t kByCpu = 8, kByOther = 3;
// Of processes that are not the command's: enough to see who disturbed it.
constexpr std::size_t kOthers = 3;

using Numbers = std::vector<std::uint64_t>;

template <class Figure>
Numbers top(const ReportedProcesses& processes, const Numbers& of, std::size_t count, Figure figure) {
  std::vector<std::pair<std::int64_t, std::uint64_t>> order;
  for (const std::uint64_t number : of) {
    const std::int64_t value = figure(processes.totals().at(number));
    if (value > 0) order.emplace_back(-value, number);  // equal ones in the order of their birth
  }
  std::ranges::sort(order);
  Numbers chosen;
  for (std::size_t index = 0; index < std::min(count, order.size()); ++index)
    chosen.push_back(order[index].second);
  return chosen;
}

std::int64_t cpu_of(const ProcessTotals& totals) { return totals.cpu(); }
std::int64_t io_of(const ProcessTotals& totals) { return totals.read() + totals.written(); }

Numbers largest(const ReportedProcesses& processes, const Numbers& of) {
  Numbers chosen = top(processes, of, kByCpu, cpu_of);
  const auto add = [&](const Numbers& more) {
    for (const std::uint64_t number : more)
      if (!std::ranges::count(chosen, number)) chosen.push_back(number);
  };
  add(top(processes, of, kByOther, [](const ProcessTotals& totals) { return totals.peak; }));
  add(top(processes, of, kByOther, io_of));
  return chosen;
}

// Whether the kernel told of births and ends; else nothing is known but what lived at a tick.
bool sees_ends(const ReportContext& context) {
  return context.recording.facts().process_source != "proc";
}

class Printer {
 public:
  Printer(const ReportContext& context, const ReportedProcesses& processes, Output& output)
      : context_(context), processes_(processes), output_(output) {
    table_.add_column("PID", Align::right);
    table_.add_column("CPU TIME", Align::right);
    table_.add_column("PEAK", Align::right);
    table_.add_column("AT", Align::left);
    table_.add_column("READ", Align::right);
    table_.add_column("WRITTEN", Align::right);
    table_.add_column("COMMAND", Align::left);
  }

  void print(const Numbers& numbers) {
    for (const std::uint64_t number : numbers) {
      const ProcessTotals& totals = processes_.totals().at(number);
      const ProcessName& name = processes_.name(number);
      const bool has_io = totals.has_io();
      const bool has_peak = totals.peak > 0;
      table_.add_row({name.pid == 0 ? "?" : fmt::format("{}", name.pid), duration_text(totals.cpu()),
                      has_peak ? format_size(totals.peak) : "",
                      has_peak ? format_clock_time(Nanoseconds(totals.peak_time), context_.zone) : "",
                      has_io ? format_size(totals.read()) : "",
                      has_io ? format_size(totals.written()) : "", name.label()});
    }
    table_.print(output_, "  ");
  }

  // Sums of all, shown or not.
  void print_totals(const Numbers& all, std::size_t shown, std::string_view which) {
    std::int64_t cpu = 0;
    for (const std::uint64_t number : all) cpu += processes_.totals().at(number).cpu();
    if (all.size() > shown)
      output_.write(fmt::format("  and {} more; CPU time of all {}{}{}: {}\n", all.size() - shown, all.size(),
                                which, sees_ends(context_) ? "" : ", as the ticks saw it",
                                duration_text(cpu)));
  }

 private:
  const ReportContext& context_;
  const ReportedProcesses& processes_;
  Output& output_;
  TextTable table_;
};

Result<void> print_largest(const ReportContext& context, ReportedProcesses& processes,
                           const Numbers& all, const Numbers& shown, std::string_view which,
                           Output& output) {
  TRY(processes.read_lines(context, {shown.begin(), shown.end()}));
  Printer printer(context, processes, output);
  printer.print(shown);
  printer.print_totals(all, shown.size(), which);
  return {};
}

void print_command_sums(const ReportContext& context, const ReportedProcesses& processes,
                        const Numbers& command, Output& output) {
  std::int64_t read = 0, written = 0;
  bool misses_io = false;
  for (const std::uint64_t number : command) {
    const ProcessTotals& totals = processes.totals().at(number);
    read += totals.read();
    written += totals.written();
    misses_io = misses_io || !totals.has_io();
  }
  const bool sees_all = sees_ends(context);
  const std::string_view at_least = sees_all ? "" : "at least ";
  std::string text = fmt::format("{}{} process{}", at_least, command.size(),
                                 command.size() == 1 ? "" : "es");
  // In a part, those that have not changed since it began have no row to be added.
  if (processes.highest_memory() > 0 && !context.range.from)
    text += fmt::format(" · memory {} (highest sum at a tick, {}; shared pages count more than once)",
                        format_size(processes.highest_memory()),
                        format_clock_time(Nanoseconds(processes.highest_memory_time()), context.zone));
  text += fmt::format(" · {}{} read, {} written", sees_all && !misses_io ? "" : "at least ",
                      format_size(read), format_size(written));
  output.write(wrapped("  ", text, output.width()));
}

Result<void> print_command(const ReportContext& context, ReportedProcesses& processes,
                           const Numbers& command, Output& output) {
  heading(output, "The command's processes (by CPU time, then by peak memory and storage I/O)");
  if (command.empty()) {
    output.write("  none: it ended before a tick saw it\n");
    return {};
  }
  print_command_sums(context, processes, command, output);
  return print_largest(context, processes, command, largest(processes, command), "", output);
}

Result<void> print_others(const ReportContext& context, ReportedProcesses& processes,
                          const Numbers& others, Output& output) {
  const Numbers shown = top(processes, others, kOthers, cpu_of);
  if (shown.empty()) return {};
  heading(output, "Others on the machine meanwhile (by CPU time)");
  return print_largest(context, processes, others, shown, " others", output);
}

}  // namespace

Result<void> report_processes(const ReportContext& context, Output& output) {
  ReportedProcesses processes = TRY(ReportedProcesses::read(context));
  if (processes.totals().empty()) return {};
  Numbers command, others;
  for (const auto& [number, totals] : processes.totals())
    (processes.name(number).is_in_command ? command : others).push_back(number);
  if (context.recording.facts().command) {
    TRY(print_command(context, processes, command, output));
    return print_others(context, processes, others, output);
  }
  heading(output, "Processes (by CPU time, then by peak memory and storage I/O)");
  return print_largest(context, processes, others, largest(processes, others), "", output);
}

}  // namespace tacho
