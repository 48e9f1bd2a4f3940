// SPDX-License-Identifier: Apache-2.0
// Events, what tacho itself cost, and what the recording could not see.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "base/display.h"
#include "base/saturating.h"
#include "views/missed.h"
#include "views/report/section.h"
#include "views/values.h"

namespace tacho {
namespace {

// A recording with more of them is read with `tacho show RECORDING event`.
constexpr std::size_t kShownEvents = 40;

struct Component {
  std::int64_t cpu_time = 0, turns = 0, errors = 0, dropped = 0, skipped = 0, bytes = 0;
  std::int64_t memory_peak = 0;
};

}  // namespace

Result<void> report_events(const ReportContext& context, Output& output) {
  std::size_t count = 0;
  // By the time of the event: a mark may speak of what was before the event that was noted last.
  std::multimap<std::int64_t, std::string> lines;
  TRY(each_row(context, "event", {"event_time", "severity", "name", "body", "end_time"},
               [&](const ColumnViews& at, std::int64_t row) {
                 ++count;
                 const std::string_view severity = at[1].text(row);
                 const std::string_view color = severity == "error"     ? output.bad()
                                                : severity == "warning" ? output.warning()
                                                                        : "";
                 std::string until;
                 if (!at[4].is_null(row))
                   until = " to " + format_clock_time(Nanoseconds(at[4].integer(row)), context.zone);
                 const std::int64_t time = at[0].integer(row);
                 const std::string moment =
                     "  " + format_clock_time(Nanoseconds(time), context.zone) + until + "  ";
                 const std::string name = fmt::format("{:<14}", printable(at[2].text(row)));
                 const std::string begin = moment + name + " ";
                 std::string text = wrapped(begin, at[3].text(row), output.width());
                 if (!color.empty())
                   text.replace(0, begin.size(), fmt::format("{}{}{}{} ", moment, color, name, output.plain()));
                 lines.emplace(time, std::move(text));
                 if (lines.size() > kShownEvents) lines.erase(std::prev(lines.end()));
               }));
  if (count == 0) return {};
  heading(output, "Events");
  for (const auto& [time, line] : lines) output.write(line);
  if (count > kShownEvents)
    output.write(fmt::format("  ... and {} more (tacho show RECORDING event)\n", count - kShownEvents));
  return {};
}

Result<void> report_cost(const ReportContext& context, Output& output) {
  std::map<std::string, Component> components;
  TRY(each_row(context, "self",
               {"component", "cpu_time", "turns", "errors", "dropped", "skipped", "bytes", "memory_peak"},
               [&](const ColumnViews& at, std::int64_t row) {
                 Component& component = components[std::string(at[0].text(row))];
                 component = {.cpu_time = at[1].integer(row), .turns = at[2].integer(row),
                              .errors = at[3].integer(row), .dropped = at[4].integer(row),
                              .skipped = at[5].integer(row), .bytes = at[6].integer(row),
                              .memory_peak = at[7].integer(row)};
               }));
  const auto whole = components.find("recorder");
  if (whole == components.end()) return {};
  const auto summary = TRY(context.recording.summary("system"));
  const auto ticks = static_cast<std::int64_t>(std::max<std::uint64_t>(1, summary.rows));
  std::int64_t bytes = 0, dropped = 0, errors = 0, skipped = 0;
  for (const auto& [name, component] : components) {
    add_up(bytes, component.bytes);
    add_up(dropped, component.dropped);
    add_up(errors, component.errors);
    add_up(skipped, component.skipped);
  }
  const auto children = components.find("children");
  const std::int64_t sealing = children == components.end() ? 0 : children->second.cpu_time;
  heading(output, "What tacho itself cost");
  const std::int64_t cpu = whole->second.cpu_time;
  std::string text = fmt::format("CPU time {} in {} tick{} ({} each)", duration_text(cpu), ticks,
                                 ticks == 1 ? "" : "s", duration_text(cpu / ticks));
  if (sealing > 0) text += ", sealing " + duration_text(sealing);
  text += fmt::format(" · memory {} at most · {} written", format_size(whole->second.memory_peak),
                      format_size(bytes));
  output.write(wrapped("  ", text, output.width()));
  if (errors + dropped + skipped > 0)
    output.write(fmt::format("  {}{} turns failed, {} were skipped, {} rows were lost{}\n", output.warning(),
                             errors, skipped, dropped, output.plain()));
  return {};
}

Result<void> report_coverage(const ReportContext& context, Output& output) {
  const RecordingFacts& facts = context.recording.facts();
  if (context.recording.is_foreign()) {
    heading(output, "How this file was read");
    for (const std::string& remark : context.recording.remarks())
      output.write(wrapped("  ", remark, output.width()));
    return {};
  }
  heading(output, "What this recording could not see");
  const std::string general = fmt::format(
      "Values are read every {}; what rose and fell between two reads is in no gauge. Counters miss "
      "nothing, but are averages over an interval. High-water marks (memory_peak) hold spikes. Tables "
      "of scope \"machine\" count everybody's load, not the command's alone: measure on a quiet "
      "machine. Processes come from {}{}.",
      format_duration(Nanoseconds(facts.interval)),
      facts.process_source == "proc" ? "/proc, read at every tick" : facts.process_source,
      // What was missed, and why, follows as a note.
      TRY(missed_of(context.recording)).count == 0 ? "; none were missed" : "");
  output.write(wrapped("  ", general, output.width()));
  for (const CoverageNote& note : facts.coverage) {
    std::string text = note.table.empty() ? note.what : note.table + ": " + note.what;
    text += ": " + note.why;
    if (!note.remedy.empty()) text += " [change it: " + note.remedy + "]";
    output.write(wrapped(fmt::format("  {:<8} ", name_of(note.kind)), text, output.width()));
  }
  return {};
}

}  // namespace tacho
