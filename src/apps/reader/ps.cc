// SPDX-License-Identifier: Apache-2.0
// tacho ps: the process tree at an instant of a recording.
#include <fmt/format.h>

#include <algorithm>

#include "apps/reader/command.h"
#include "apps/reader/view_flags.h"
#include "base/text.h"
#include "query/processes.h"
#include "views/process_tree.h"
#include "views/values.h"

namespace tacho {
namespace {

// What tacho names the recording that it makes for `tacho ps` of now.
constexpr std::string_view kNameOfNow = "now";

constexpr std::string_view kHelp = R"(Usage: tacho ps [RECORDING] [PID] [OPTION...]

The process tree with threads: of now, or of RECORDING at its end or another time. With PID: what is
below it.

  --at TIME           -5m (before the end), 21:28, 2026-11-24T21:28:41Z
  --find TEXT         processes whose name or command line contains TEXT
  --format text|json  (text)
  --verbose           JSON: with user, state, command line, memory and CPU time
  --output FILE, --utc, --color auto|always|never, --no-pager, --help

Exit status: 0; 1 when nothing was found or something was damaged (it is told on stderr, and the rest
is shown); 2 for wrong usage; 3 when the recording cannot be read.
)";

struct Options {
  ViewOptions view;
  std::string recording, at, find;
  std::optional<std::int64_t> pid;
  bool verbose = false;
};

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  std::vector<Flag> flags = view_flags(options.view);
  flags.push_back({"at", required, set_text(options.at)});
  flags.push_back({"find", required, set_text(options.find)});
  flags.push_back({"verbose", none, set_true(options.verbose)});
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.view.help) return options;
  if (words.empty() || words.size() > 2)
    return Error{ErrorCode::invalid, "a recording and a pid are wanted, either or none"};
  options.recording = words[0];
  if (words.size() == 2) {
    options.pid = parse_integer<std::int64_t>(words[1]);
    if (!options.pid)
      return Error{ErrorCode::invalid, "'" + escaped(words[1], 80) + "' is no pid"};
  }
  const std::string& format = options.view.format;
  if (!format.empty() && format != "text" && format != "json")
    return Error{ErrorCode::invalid, "--format is text or json"};
  return options;
}

// The last tick that is not after the time asked for.
Result<Batch> state_of(const Recording& recording, const Options& options) {
  if (!recording.has_table("process"))
    return Error{ErrorCode::corrupt, recording.path() + " has no table process: nothing in it says "
                                                        "what was running"};
  const Nanoseconds reference = reference_time(recording);
  const Nanoseconds at = options.at.empty() ? reference : TRY(time_of("--at", options.at, reference));
  return processes_at(recording, at);
}

// How many, and of when.
std::string totals_line(const ProcessTree& tree, const std::vector<std::size_t>& chosen,
                        const arrow::RecordBatch& state, Zone zone) {
  std::int64_t threads = 0;
  for (const std::size_t index : chosen) threads += tree.all()[index].threads;
  std::string line = fmt::format("{} process{}, {} thread{}", chosen.size(),
                                 chosen.size() == 1 ? "" : "es", threads, threads == 1 ? "" : "s");
  const ColumnView times(state, "time");
  if (row_count(state) == 0 || times.is_null(0)) return line;
  const Nanoseconds time(times.integer(0));
  const Moments moments(zone, time);
  return line + fmt::format(", at {} ({})", moments.text(time, 3), moments.title());
}

// What of the tree was asked for, as roots. Empty: nothing fits.
std::vector<std::size_t> roots_of(const ProcessTree& tree, const Options& options) {
  if (!options.pid) return tree.roots();
  const auto found = tree.find(*options.pid);
  return found ? std::vector<std::size_t>{*found} : std::vector<std::size_t>();
}

Result<bool> print(const Recording& recording, const Options& options) {
  const Batch state = TRY(state_of(recording, options));
  const ProcessTree tree = ProcessTree::from(*state);
  const auto roots = roots_of(tree, options);
  if (options.pid && roots.empty()) {
    tell_error("ps", {ErrorCode::absent,
                      fmt::format("there is no process {} at that time", *options.pid)});
    return false;
  }
  Output output = TRY(open_output(options.view));
  std::vector<std::size_t> chosen = tree.below(roots);
  if (!options.find.empty()) {
    auto found = tree.containing(options.find);
    // Of now, the one that searches has the text in its own command line.
    if (recording.facts().name == kNameOfNow)
      std::erase_if(found, [&](std::size_t index) {
        return tree.all()[index].pid == recording.facts().recorder_pid;
      });
    std::erase_if(chosen, [&](std::size_t index) { return std::ranges::count(found, index) == 0; });
  }
  if (options.view.format == "json") {
    output.write(tree_json(tree, chosen, options.pid, options.verbose));
  } else {
    if (options.find.empty()) print_tree(tree, roots, output);
    else print_processes(tree, chosen, output);
    output.write(std::string(output.dim()) +
                 totals_line(tree, chosen, *state, options.view.zone(recording)) +
                 std::string(output.plain()) + "\n");
  }
  TRY(output.finish());
  return !chosen.empty();
}

}  // namespace

int command_ps(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return tell_usage("ps", options.error());
  if (options->view.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  return view_recording("ps", options->recording,
                        [&](const Recording& recording) { return print(recording, *options); });
}

}  // namespace tacho
