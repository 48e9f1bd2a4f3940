// SPDX-License-Identifier: Apache-2.0
// tacho export: a recording as one file for other programs.
#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "base/text.h"
#include "query/processes.h"
#include "views/export/row_writer.h"
#include "views/export/wide_rows.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp =
    R"(Usage: tacho export RECORDING [OPTION...]

Writes a recording, finished or still being made, as one file: -o FILE.parquet, .csv or .arrow.
Without --table it is the wide one of the system tracer: a row for each tick, a column for each
figure and device, the same as 'tacho record --output FILE.parquet' makes while it records.

  --output FILE, -o FILE
                        what is there is replaced, all at once; '-' is standard output
  --format parquet|csv|arrow
                        where the name does not say it
  --table TABLE         the rows of one table instead
  --dense               of the table process: filled forward, a row for every process at every tick
  --from TIME, --to TIME
                        rows from, and before, a time: -5m (before the end), 21:28,
                        2026-11-24T21:28:41Z
  --utc                 times in UTC. Without it the wide file has local times without a zone, as it
                        always had; a local time is ambiguous for an hour when summer time ends
  --data-timezone ZONE  of times without a zone in another program's file: local, utc or a name like
                        Europe/Lisbon (what the file says, else local)
  --recover             bring what the recording has and the wide file has not into that file
  --help

Exit status: 0; 1 when something was damaged (it is told on stderr, and the rest is written); 2 for
wrong usage; 3 when the recording cannot be read or the file not written.
)";

struct Options {
  ViewOptions view;
  std::string recording, table, from, to;
  bool dense = false, recover = false;
};

Error wrong(std::string text) { return {ErrorCode::invalid, std::move(text)}; }

std::string format_of(const std::string& path) {
  const std::size_t dot = path.find_last_of('.');
  const std::size_t name = path.find_last_of('/') + 1;
  return dot == std::string::npos || dot <= name ? "" : path.substr(dot + 1);
}

Result<void> check(Options& options) {
  std::string& format = options.view.format;
  if (options.view.output.empty() && format.empty())
    return wrong("name the file: add for example -o x.parquet");
  if (format.empty()) format = format_of(options.view.output);
  if (format != "parquet" && format != "csv" && format != "arrow")
    return wrong("'" + escaped(format, 40) +
                 "' is no format: name the file .parquet, .csv or .arrow, or give --format");
  if (options.dense && options.table.empty()) options.table = "process";
  if (options.dense && options.table != "process") return wrong("--dense is for the table process");
  const bool is_stdout = options.view.output.empty() || options.view.output == "-";
  if (format == "parquet" && options.table.empty() && is_stdout)
    return wrong("wide Parquet needs a file: add for example -o x.parquet");
  if (options.recover && (!options.table.empty() || !WideFile::is_name(options.view.output)))
    return wrong("--recover is for a wide file, .parquet or .csv");
  return {};
}

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  std::vector<Flag> flags = view_flags(options.view);
  flags.push_back({"table", required, set_text(options.table)});
  flags.push_back({"from", required, set_text(options.from)});
  flags.push_back({"to", required, set_text(options.to)});
  flags.push_back({"dense", none, set_true(options.dense)});
  flags.push_back({"recover", none, set_true(options.recover)});
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.view.help) return options;
  if (words.size() != 1) return wrong("one recording is wanted, for example @last");
  options.recording = words.front();
  TRY(check(options));
  return options;
}

bool is_utc(const Recording& recording, const Options& options) {
  return options.view.utc || recording.facts().is_utc;
}

Result<Stream> rows_of(const Recording& recording, const Options& options, const Range& range) {
  if (options.table.empty()) return wide_stream(recording, range, is_utc(recording, options));
  if (options.dense) return processes(recording, range);
  return recording.scan(options.table, {.range = range});
}

Result<bool> export_rows(const Recording& recording, const Options& options) {
  const Range range = TRY(range_of(recording, options.from, options.to));
  Progress progress;
  const auto tell = [&](std::int64_t rows) {
    if (progress.is_due()) progress.show(fmt::format("{} rows written", rows));
  };
  const bool is_wide = options.table.empty();
  if (is_wide && options.view.format == "parquet") {
    TRY(export_wide_parquet(recording, range, is_utc(recording, options), options.view.output,
                            tell));
    return true;
  }
  Output output = TRY(open_output(options.view));
  if (is_wide && options.view.format == "csv") {
    TRY(export_wide_csv(recording, range, is_utc(recording, options), output, tell));
  } else {
    Stream rows = TRY(rows_of(recording, options, range));
    const auto writer =
        TRY(make_row_writer(options.view.format, options.view.zone(recording), output));
    TRY(write_rows(*rows, *writer, tell));
  }
  TRY(output.finish());
  return true;
}

// Of the recording beside a wide file, which is not sealed and in no list.
int recover(const Options& options) {
  const auto recording = Recording::open(options.recording);
  if (!recording) return tell_error("export", recording.error());
  const auto rows = recover_wide(*recording, options.view.output, options.view.utc);
  if (!rows) return tell_error("export", rows.error());
  const auto findings = recording->findings();
  for (const Finding& finding : findings)
    fmt::print(stderr, "tacho export: {}\n", to_line(finding));
  fmt::print(stderr, "tacho: {} recovered\n", counted(static_cast<std::uint64_t>(*rows), "row"));
  return 0;
}

}  // namespace

int command_export(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return tell_usage("export", options.error());
  if (options->view.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (options->recover) return recover(*options);
  return view_recording(
      "export", options->recording,
      [&](const Recording& recording) { return export_rows(recording, *options); }, options->view);
}

}  // namespace tacho
