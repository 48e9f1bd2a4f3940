// SPDX-License-Identifier: Apache-2.0
// tacho report: what happened, as text.
#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "views/report/report.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho report RECORDING [OPTION...]

What ran and how it ended, peaks with their time, the largest processes, pressure, disks, network,
events, what tacho itself cost, and what the recording could not see.

  --from TIME, --to TIME   of a part: -5m (before the end), 21:28, 2026-11-24T21:28:41Z
  --output FILE            instead of standard output
  --utc                    times in UTC instead of the local zone
  --data-timezone ZONE     of times without a zone in another program's file: local, utc or a name
                           like Europe/Lisbon (what the file says, else local)
  --color auto|always|never
  --no-pager
  --help

RECORDING may also be a Parquet or CSV file of another program with a column of times, or a folder of
such files.

Exit status: 0; 1 when something was damaged (the rest is reported); 2 for wrong usage; 3 when the
recording cannot be read.
)";

struct Options {
  ViewOptions view;
  std::string recording, from, to;
};

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  std::vector<Flag> flags = view_flags(options.view);
  flags.push_back({"from", required, set_text(options.from)});
  flags.push_back({"to", required, set_text(options.to)});
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.view.help) return options;
  if (words.size() != 1)
    return Error{ErrorCode::invalid, "one recording is wanted: write for example @last"};
  if (!options.view.format.empty() && options.view.format != "text")
    return Error{ErrorCode::invalid, "a report is text; 'tacho show' has other formats"};
  options.recording = words[0];
  return options;
}

Result<bool> report(const Recording& recording, const Options& options) {
  const Range range = TRY(range_of(recording, options.from, options.to));
  Output output = TRY(open_output(options.view));
  Progress progress;
  ReportContext context{.recording = recording, .range = range, .zone = options.view.zone(recording)};
  // On a terminal the sections themselves show how far it is.
  if (!output.is_terminal())
    context.progress = [&](std::string_view table) { progress.show(fmt::format("reading {}", table)); };
  TRY(write_report(context, output));
  TRY(output.finish());
  return true;
}

}  // namespace

int command_report(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return tell_usage("report", options.error());
  if (options->view.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  return view_recording("report", options->recording,
                        [&](const Recording& recording) { return report(recording, *options); },
                        options->view);
}

}  // namespace tacho
