// SPDX-License-Identifier: Apache-2.0
// What ran, where, how it ended, and what is missing.
#include <fmt/format.h>

#include "views/report/section.h"
#include "views/report/sentences.h"

namespace tacho {
namespace {

void line(Output& output, std::string_view name, const std::string& text) {
  output.write(fmt::format("  {:<10} {}\n", name, text));
}

std::string host_line(const HostFacts& host) {
  return fmt::format("{} · {} · Linux {} · {} CPU{} · {}", host.name, host.operating_system, host.kernel,
                     host.cpu_count, host.cpu_count == 1 ? "" : "s", format_size(host.memory_limit));
}

std::string_view color_of(const RecordingFacts& facts, const Output& output) {
  if (!facts.command || !facts.command->end) return "";
  const CommandEnd& end = *facts.command->end;
  return end.exit_code == 0 && !end.signal ? output.good() : output.bad();
}

void write_command(const CommandFacts& command, int cpus, Output& output) {
  line(output, "in", command.folder);
  if (!command.end_boottime) return;
  const std::int64_t wall = *command.end_boottime - command.start_boottime;
  const std::int64_t cpu = command.cpu_time_user.value_or(0) + command.cpu_time_system.value_or(0);
  line(output, "took",
       fmt::format("{} · CPU time {} ({} of {} core{}; the command and the descendants it waited for)",
                   format_duration(Nanoseconds(wall)), format_duration(Nanoseconds(cpu)),
                   percent(wall > 0 ? static_cast<double>(cpu) / static_cast<double>(wall) / std::max(1, cpus) : 0),
                   cpus, cpus == 1 ? "" : "s"));
  if (command.memory_peak)
    line(output, "peak", format_size(*command.memory_peak) + " resident, its largest process (from wait4)");
}

}  // namespace

Result<void> report_run(const ReportContext& context, Output& output) {
  const RecordingFacts& facts = context.recording.facts();
  const std::string ending = ending_of(facts, context.recording.is_recording_now());
  const std::string title = facts.command ? command_line_of(facts) : facts.name;
  output.write(fmt::format("{}{}{}\n", output.bold(), title, output.plain()));
  line(output, "ended", fmt::format("{}{}{}", color_of(facts, output), ending, output.plain()));
  if (facts.command) write_command(*facts.command, facts.host.cpu_count, output);
  line(output, "on", host_line(facts.host));
  const auto summary = context.recording.summary("system");
  std::string span = format_time(Nanoseconds(facts.start_time), context.zone, 0);
  if (summary && summary->last_time) span += " to " + format_time(*summary->last_time, context.zone, 0);
  line(output, "recorded", fmt::format("{} · every {} · {} · {}", span,
                                       format_duration(Nanoseconds(facts.interval)),
                                       facts.user == 0 ? "as root" : fmt::format("as user {}", facts.user),
                                       format_size(static_cast<std::int64_t>(context.recording.size()))));
  line(output, "in folder", context.recording.path());
  std::uint64_t missing = 0;
  for (const Gap& gap : TRY(context.recording.gaps())) missing += gap.ticks;
  if (missing > 0)
    line(output, "gaps", fmt::format("{}{} ticks were not taken{}", output.warning(), missing, output.plain()));
  return {};
}

}  // namespace tacho
