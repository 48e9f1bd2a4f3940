// SPDX-License-Identifier: Apache-2.0
// tacho list: recordings, newest first.
#include <fmt/format.h>

#include <algorithm>

#include "apps/reader/command.h"
#include "apps/reader/view_flags.h"
#include "base/clock.h"
#include "base/saturating.h"
#include "journal/recordings.h"
#include "query/listed.h"
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

  --where EXPRESSION    those for which it is true, for example
                        'label.ci = "github" and name = "nightly"'. Columns: id, name, path, command,
                        host, user, start, end, length, size, exit_code, signal, label.KEY
  --format table|json   (table)
  --utc                 times in UTC instead of the local zone
  --color auto|always|never
  --no-pager
  --help

Exit status: 0; 1 when --where fits no recording; 2 for wrong usage.
)";

// The name begins with the command's; all of it is shown where it has room.
constexpr int kRoomForCommand = 110;

// Unknown for one that was broken off.
std::optional<std::int64_t> length_of(const ListedRecording& recording) {
  const RecordingFacts& facts = recording.facts;
  if (recording.is_recording_now)
    return saturating_difference(SystemClock().now().boottime.count(), facts.start_boottime);
  if (!facts.end_boottime) return std::nullopt;
  return saturating_difference(*facts.end_boottime, facts.start_boottime);
}

std::string size_of(const ListedRecording& recording) {
  const auto folder = RecordingFolder::open(recording.path);
  return folder ? format_size(static_cast<std::int64_t>(folder->size())) : "";
}

// What is listed; `is_shown` has one byte for each.
struct Listing {
  std::vector<ListedRecording> recordings;
  std::vector<std::uint8_t> is_shown;
};

void print_table(const Listing& listing, Zone zone, Output& output) {
  const auto& recordings = listing.recordings;
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
  const bool has_labels = std::ranges::any_of(
      recordings, [](const ListedRecording& recording) { return !recording.facts.labels.empty(); });
  if (has_labels) table.add_column("LABELS", Align::left, 60);
  std::size_t number = 0;
  for (std::size_t index = 0; index < recordings.size(); ++index) {
    const ListedRecording& recording = recordings[index];
    number += recording.trouble.empty();  // those that are not shown count: @3 stays @3
    if (listing.is_shown[index] == 0) continue;
    if (!recording.trouble.empty()) {
      table.add_row({"", recording.name(), "", "", "", "unreadable: " + recording.trouble});
      continue;
    }
    const auto length = length_of(recording);
    std::vector<std::string> cells = {
        fmt::format("@{}", number), recording.name(),
        moments.text(Nanoseconds(recording.facts.start_time), 0),
        length ? duration_text(*length) : "", size_of(recording),
        ending_of(recording.facts, recording.is_recording_now)};
    if (has_command) cells.push_back(command_line_of(recording.facts));
    if (has_labels) cells.push_back(text_of(recording.facts.labels));
    table.add_row(std::move(cells));
  }
  table.print(output);
}

void append_labels(std::string& text, const Labels& labels) {
  text += ", \"labels\": {";
  for (bool first = true; const auto& [key, value] : labels) {
    if (!std::exchange(first, false)) text += ", ";
    append_json_string(text, key);
    text += ": ";
    append_json_string(text, value);
  }
  text += "}";
}

void print_json(const Listing& listing, Zone zone, Output& output) {
  std::string text = "[";
  bool first = true;
  for (std::size_t index = 0; index < listing.recordings.size(); ++index) {
    if (listing.is_shown[index] == 0) continue;
    const ListedRecording& recording = listing.recordings[index];
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
      append_labels(text, recording.facts.labels);
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
  std::string where;
  auto flags = view_flags(options);
  flags.push_back({"where", Flag::Value::required, set_text(where)});
  const auto words = parse_flags(argc, argv, flags);
  if (!words) return tell_usage("list", words.error());
  if (!words->empty()) return tell_usage("list", {ErrorCode::invalid, "it takes options only"});
  if (options.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (!options.format.empty() && options.format != "table" && options.format != "json")
    return tell_usage("list", {ErrorCode::invalid, "--format is table or json"});
  Listing listing{.recordings = list_recordings()};
  listing.is_shown.assign(listing.recordings.size(), 1);
  if (!where.empty()) {
    auto matches = matching(listing.recordings, where, SystemClock().now().time);
    if (!matches) return tell_usage("list", matches.error());
    listing.is_shown = std::move(*matches);
  }
  auto output = open_output(options);
  if (!output) return tell_error("list", output.error());
  const bool has_none = std::ranges::find(listing.is_shown, 1) == listing.is_shown.end();
  if (options.format == "json") {
    print_json(listing, options.zone(), *output);
  } else if (has_none) {
    output->write(where.empty() ? "no recordings yet; 'tacho run -- COMMAND' makes one\n"
                                : "no recording fits --where\n");
  } else {
    print_table(listing, options.zone(), *output);
  }
  const auto finished = output->finish();
  if (!finished) return tell_error("list", finished.error());
  return has_none && !where.empty() ? kFound : 0;
}

}  // namespace tacho
