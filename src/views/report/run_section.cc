// SPDX-License-Identifier: Apache-2.0
// What ran, where, how it ended, and what is missing.
#include <fmt/format.h>

#include "base/display.h"
#include "base/saturating.h"
#include "views/report/section.h"
#include "views/report/sentences.h"
#include "views/values.h"

namespace tacho {
namespace {

// A command line can have 64 KiB; recording.json has it whole.
constexpr int kTitleLines = 3;

std::string host_line(const HostFacts& host) {
  std::string line = host.name;
  const auto add = [&](const std::string& part) { line += (line.empty() ? "" : " · ") + part; };
  if (!host.operating_system.empty()) add(host.operating_system);
  if (!host.kernel.empty()) add("Linux " + host.kernel);
  if (host.cpu_count > 0)
    add(fmt::format("{} CPU{}", host.cpu_count, host.cpu_count == 1 ? "" : "s"));
  if (host.memory_limit > 0) add(format_size(host.memory_limit) + " of memory");
  return line;
}

// From the first to the last tick; the date and the zone are said once.
std::string span_of(const ReportContext& context) {
  const RecordingFacts& facts = context.recording.facts();
  const Nanoseconds first(facts.start_time);
  const auto summary = context.recording.summary("system");
  Nanoseconds last = summary ? summary->last_time.value_or(first) : first;
  if (context.recording.is_foreign()) last = Nanoseconds(facts.end_time.value_or(first.count()));
  const Moments moments(context.zone, first, last);
  return fmt::format("{} to {} ({})", moments.text(first, 0), moments.text(last, 0), moments.title());
}

// --from and --to, whichever was given. All that follows is of this part alone.
std::string part_of(const ReportContext& context) {
  const auto time = [&](std::int64_t at) {
    const Moments moments(context.zone, Nanoseconds(at));
    return moments.text(Nanoseconds(at), 3);
  };
  std::string text;
  if (context.range.from) text = "from " + time(*context.range.from);
  if (context.range.to) text += (text.empty() ? "to " : " to ") + time(*context.range.to);
  return text;
}

std::string_view color_of(const RecordingFacts& facts, const Output& output) {
  if (!facts.command || !facts.command->end) return "";
  const CommandEnd& end = *facts.command->end;
  return end.exit_code == 0 && !end.signal ? output.good() : output.bad();
}

void write_command(const CommandFacts& command, int cpus, Output& output) {
  if (!command.folder.empty()) named_line(output, "in", command.folder);
  if (!command.end_boottime) return;
  const std::int64_t wall = saturating_difference(*command.end_boottime, command.start_boottime);
  const std::int64_t waited =
      saturating_sum(command.cpu_time_user.value_or(0), command.cpu_time_system.value_or(0));
  const std::int64_t cpu = command.cpu_time.value_or(waited);
  const double share =
      wall > 0 ? static_cast<double>(cpu) / static_cast<double>(wall) / std::max(1, cpus) : 0;
  named_line(
      output, "took",
      fmt::format("{} · CPU time {} ({} of {} core{}{})", duration_text(wall), duration_text(cpu),
                  percent(share), cpus, cpus == 1 ? "" : "s",
                  command.cpu_time ? "" : "; the command and the descendants it waited for"));
  if (command.memory_peak)
    named_line(output, "peak",
               format_size(*command.memory_peak) + " resident in its largest process (from wait4)");
}

// Another program's file says less of itself.
void write_foreign(const ReportContext& context, Output& output) {
  const RecordingFacts& facts = context.recording.facts();
  std::string text = span_of(context);
  if (facts.interval > 0) text += " · every " + duration_text(facts.interval);
  named_line(output, "recorded", text + " · " + format_size(static_cast<std::int64_t>(context.recording.size())));
  if (context.range.from || context.range.to) named_line(output, "this part", part_of(context));
  named_line(output, "in", context.recording.path());
}

void write_recorded(const ReportContext& context, Output& output) {
  const RecordingFacts& facts = context.recording.facts();
  const std::string ending = ending_of(facts, context.recording.is_recording_now());
  output.write(fmt::format("  {:<10} {}{}{}\n", "ended", color_of(facts, output), ending, output.plain()));
  if (facts.command) write_command(*facts.command, facts.host.cpu_count, output);
  named_line(output, "on", host_line(facts.host));
  named_line(output, "recorded",
             fmt::format("{} · every {} · {} · {}", span_of(context),
                         format_duration(Nanoseconds(facts.interval)),
                         facts.user == 0 ? "as root" : fmt::format("as user {}", facts.user),
                         format_size(static_cast<std::int64_t>(context.recording.size()))));
  if (!facts.labels.empty()) named_line(output, "labels", text_of(facts.labels));
  if (context.range.from || context.range.to) named_line(output, "this part", part_of(context));
  named_line(output, context.recording.is_packed() ? "in file" : "in folder", context.recording.path());
}

}  // namespace

Result<void> report_run(const ReportContext& context, Output& output) {
  const RecordingFacts& facts = context.recording.facts();
  const std::string title = facts.command ? command_line_of(facts) : facts.name;
  std::string shown = wrapped("", cut_to(title, kTitleLines * output.width()), output.width());
  shown.pop_back();
  output.write(fmt::format("{}{}{}\n", output.bold(), shown, output.plain()));
  if (context.recording.is_foreign()) write_foreign(context, output);
  else write_recorded(context, output);
  std::uint64_t missing = 0;
  for (const Gap& gap : TRY(context.recording.gaps())) missing += gap.ticks;
  if (missing > 0)
    output.write(fmt::format("  {:<10} {}{} tick{} not taken{}\n", "gaps", output.warning(), missing,
                             missing == 1 ? " was" : "s were", output.plain()));
  return {};
}

}  // namespace tacho
