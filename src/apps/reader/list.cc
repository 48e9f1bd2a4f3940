// SPDX-License-Identifier: Apache-2.0
// tacho list: recordings, newest first.
#include <fmt/format.h>

#include <algorithm>

#include "apps/reader/command.h"
#include "apps/reader/view_flags.h"
#include "base/clock.h"
#include "journal/recordings.h"
#include "store/recording_folder.h"
#include "views/json_text.h"
#include "views/report/sentences.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho list [OPTION...]

Recordings, newest first: those of the usual place, and those written elsewhere that are still
there. The first is @last, the second @prev or @2.

  --format table|json   (table)
  --utc                 times in UTC instead of the local zone
  --color auto|always|never
  --no-pager
  --help
)";

// The name begins with the command's; all of it is shown where it has room.
constexpr int kRoomForCommand = 110;

// Unknown for one that was broken off.
std::optional<std::int64_t> length_of(const ListedRecording& recording) {
  const RecordingFacts& facts = recording.facts;
  if (recording.is_recording_now) return SystemClock().now().boottime.count() - facts.start_boottime;
  if (!facts.end_boottime) return std::nullopt;
  return *facts.end_boottime - facts.start_boottime;
}

std::string size_of(const ListedRecording& recording) {
  const auto folder = RecordingFolder::open(recording.path);
  return folder ? format_size(static_cast<std::int64_t>(folder->size())) : "";
}

void print_table(const std::vector<ListedRecording>& recordings, Zone zone, Output& output) {
  const bool has_command = !output.is_terminal() || output.width() >= kRoomForCommand;
  const auto readable = std::ranges::find(recordings, "", &ListedRecording::trouble);
  const Moments moments(
      zone, Nanoseconds(readable == recordings.end() ? 0 : readable->facts.start_time));
  TextTable table;
  table.add_column("#", Align::right);
  table.add_column("NAME", Align::left);
  table.add_column("STARTED (" + moments.title() + ")", Align::left, 60, true);
  table.add_column("LENGTH", Align::right);
  table.add_column("SIZE", Align::right);
  table.add_column("ENDED", Align::left, 80);
  if (has_command) table.add_column("COMMAND", Align::left, 50);
  std::size_t number = 0;
  for (const ListedRecording& recording : recordings) {
    if (!recording.trouble.empty()) {
      table.add_row({"", recording.name(), "", "", "", "unreadable: " + recording.trouble});
      continue;
    }
    const auto length = length_of(recording);
    std::vector<std::string> cells = {
        fmt::format("@{}", ++number), recording.name(),
        moments.text(Nanoseconds(recording.facts.start_time), 0),
        length ? duration_text(*length) : "", size_of(recording),
        ending_of(recording.facts, recording.is_recording_now)};
    if (has_command) cells.push_back(command_line_of(recording.facts));
    table.add_row(std::move(cells));
  }
  table.print(output);
}

void print_json(const std::vector<ListedRecording>& recordings, Zone zone, Output& output) {
  std::string text = "[";
  bool first = true;
  for (const ListedRecording& recording : recordings) {
    text += first ? "\n{" : ",\n{";
    first = false;
    const auto add = [&](std::string_view name, const std::string& value) {
      append_json_string(text, name);
      text += ": ";
      append_json_string(text, value);
    };
    add("path", recording.path);
    if (recording.trouble.empty()) {
      text += ", ";
      add("id", recording.facts.id);
      text += ", ";
      add("name", recording.facts.name);
      text += ", ";
      add("start", format_time(Nanoseconds(recording.facts.start_time), zone, 9));
      if (recording.facts.end_time) {
        text += ", ";
        add("end", format_time(Nanoseconds(*recording.facts.end_time), zone, 9));
      }
      text += fmt::format(", \"is_recording_now\": {}, ", recording.is_recording_now);
      add("ended", ending_of(recording.facts, recording.is_recording_now));
      text += ", ";
      add("command", command_line_of(recording.facts));
    } else {
      text += ", ";
      add("trouble", recording.trouble);
    }
    text += "}";
  }
  output.write(text + "\n]\n");
}

}  // namespace

int command_list(int argc, char** argv) {
  ViewOptions options;
  const auto flags = view_flags(options);
  const auto words = parse_flags(argc, argv, flags);
  if (!words) return tell_usage("list", words.error());
  if (!words->empty()) return tell_usage("list", {ErrorCode::invalid, "it takes options only"});
  if (options.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (!options.format.empty() && options.format != "table" && options.format != "json")
    return tell_usage("list", {ErrorCode::invalid, "--format is table or json"});
  auto output = open_output(options);
  if (!output) return tell_error("list", output.error());
  const auto recordings = list_recordings();
  if (options.format == "json") {
    print_json(recordings, options.zone(), *output);
  } else if (recordings.empty()) {
    output->write("no recordings yet; 'tacho run -- COMMAND' makes one\n");
  } else {
    print_table(recordings, options.zone(), *output);
  }
  const auto finished = output->finish();
  return finished ? 0 : tell_error("list", finished.error());
}

}  // namespace tacho
