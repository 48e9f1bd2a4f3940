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

// Of processes that are not the command's: enough to see who disturbed it.
constexpr std::size_t kOthers = 3;

using Shown = std::vector<ReportedProcess>;

// By CPU time; then those that are not among them, but high in memory or I/O.
Shown largest(const ProcessGroup& group) {
  Shown chosen = group.by_cpu.list();
  for (const LargestProcesses* more : {&group.by_peak, &group.by_io})
    for (const ReportedProcess& process : more->list())
      if (!std::ranges::count(chosen, process.number, &ReportedProcess::number)) chosen.push_back(process);
  return chosen;
}

// Whether the kernel told of births and ends; else nothing is known but what lived at a tick.
bool sees_ends(const ReportContext& context) {
  return !context.recording.is_foreign() && context.recording.facts().process_source != "proc";
}

// Whether every process is in the recording.
bool has_all(const ReportContext& context) {
  const auto& missed = context.recording.facts().processes_missed;
  return missed && missed->count == 0;
}

class Printer {
 public:
  Printer(const ReportContext& context, Output& output) : context_(context), output_(output) {
    table_.add_column("PID", Align::right);
    table_.add_column("CPU TIME", Align::right);
    table_.add_column("PEAK", Align::right);
    table_.add_column("AT", Align::left);
    table_.add_column("READ", Align::right);
    table_.add_column("WRITTEN", Align::right);
    table_.add_column("COMMAND", Align::left);
  }

  void print(const Shown& shown) {
    for (const ReportedProcess& process : shown) {
      const ProcessTotals& totals = process.totals;
      const bool has_io = totals.has_io();
      const bool has_peak = totals.peak > 0;
      table_.add_row({process.pid == 0 ? "?" : fmt::format("{}", process.pid),
                      totals.has_cpu() ? duration_text(totals.cpu()) : "",
                      has_peak ? format_size(totals.peak) : "",
                      has_peak ? format_clock_time(Nanoseconds(totals.peak_time), context_.zone) : "",
                      has_io ? format_size(totals.read()) : "",
                      has_io ? format_size(totals.written()) : "", process.label()});
    }
    table_.print(output_, "  ");
  }

  // Sums of all, shown or not.
  void print_totals(const ProcessGroup& all, std::size_t shown, std::string_view which) {
    if (all.count > shown && !all.has_cpu)
      output_.write(fmt::format("  and {} more\n", all.count - shown));
    else if (all.count > shown)
      output_.write(fmt::format("  and {} more; CPU time of all {}{}{}: {}\n", all.count - shown, all.count,
                                which, sees_ends(context_) ? "" : ", as the ticks saw it",
                                duration_text(all.cpu)));
  }

 private:
  const ReportContext& context_;
  Output& output_;
  TextTable table_;
};

Result<void> print_largest(const ReportContext& context, const ProcessGroup& all, Shown shown,
                           std::string_view which, Output& output) {
  TRY(read_lines(context, shown));
  Printer printer(context, output);
  printer.print(shown);
  printer.print_totals(all, shown.size(), which);
  return {};
}

void print_command_sums(const ReportContext& context, const ReportedProcesses& processes,
                        Output& output) {
  const ProcessGroup& command = processes.command;
  const bool has_every = has_all(context);
  std::string text = fmt::format("{}{} process{}", has_every ? "" : "at least ", command.count,
                                 command.count == 1 ? "" : "es");
  // In a part, those that have not changed since it began have no row to be added.
  if (processes.highest_memory > 0 && !context.range.from)
    text += fmt::format(" · memory {} (highest sum at a tick, {}; shared pages count more than once)",
                        format_size(processes.highest_memory),
                        format_clock_time(Nanoseconds(processes.highest_memory_time), context.zone));
  text += fmt::format(" · {}{} read, {} written", has_every && !command.misses_io ? "" : "at least ",
                      format_size(command.read), format_size(command.written));
  output.write(wrapped("  ", text, output.width()));
}

Result<void> print_command(const ReportContext& context, const ReportedProcesses& processes,
                           Output& output) {
  heading(output, "The command's processes (by CPU time, then by peak memory and storage I/O)");
  if (processes.command.count == 0) {
    output.write("  none: it ended before a tick saw it\n");
    return {};
  }
  print_command_sums(context, processes, output);
  return print_largest(context, processes.command, largest(processes.command), "", output);
}

Result<void> print_others(const ReportContext& context, const ProcessGroup& others, Output& output) {
  Shown shown = others.by_cpu.list();
  if (shown.empty()) return {};
  shown.resize(std::min(shown.size(), kOthers));
  heading(output, "Others on the machine meanwhile (by CPU time)");
  return print_largest(context, others, std::move(shown), " others", output);
}

}  // namespace

Result<void> report_processes(const ReportContext& context, Output& output) {
  const ReportedProcesses processes = TRY(read_processes(context));
  if (processes.command.count + processes.others.count == 0) return {};
  if (context.recording.facts().command) {
    TRY(print_command(context, processes, output));
    return print_others(context, processes.others, output);
  }
  heading(output, "Processes (by CPU time, then by peak memory and storage I/O)");
  return print_largest(context, processes.others, largest(processes.others), "", output);
}

}  // namespace tacho
