// SPDX-License-Identifier: Apache-2.0
// tacho show: the tables of a recording, or the rows of one.
#include <fmt/format.h>

#include <algorithm>
#include <ranges>
#include <utility>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "base/display.h"
#include "base/text.h"
#include "base/units.h"
#include "query/last.h"
#include "query/predicate.h"
#include "query/processes.h"
#include "query/rate.h"
#include "query/reduce.h"
#include "views/export/row_writer.h"
#include "views/json_text.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho show RECORDING [TABLE] [OPTION...]

Without TABLE: the tables of a recording, their rows, span, size and gaps. With TABLE: its rows.
A file with a single table needs no TABLE when an option asks for rows.

  --from TIME, --to TIME   rows from, and before, a time: -5m (before the end), 21:28,
                           2026-11-24T21:28:41Z
  --columns NAME,...       these columns alone
  --where EXPRESSION       rows for which it is true:
                           memory_usage > 1GiB and command = "cc1plus"
  --rate                   counters as rates a second (columns NAME_rate)
  --every DURATION         buckets: minimum, maximum, mean and last of gauges, rates of counters
  --last N                 the last N rows
  --raw                    process: rows as stored, not filled forward
  --format table|csv|json|arrow|parquet
                           (table); of the tables themselves: table or json
  --output FILE            instead of standard output
  --utc                    times in UTC instead of the local zone
  --data-timezone ZONE     of times without a zone in another program's file: local, utc or a name
                           like Europe/Lisbon (what the file says, else local)
  --color auto|always|never
  --no-pager
  --help

RECORDING may also be a Parquet or CSV file of another program with a column of times, or a folder of
such files.

Exit status: 0; 1 when something was damaged (it is told on stderr, and the rest is shown); 2 for
wrong usage; 3 when the recording cannot be read.
)";

struct Options {
  ViewOptions view;
  std::string recording, table, from, to, where;
  std::vector<std::string> columns;
  bool rate = false, raw = false;
  std::optional<Nanoseconds> every;
  std::optional<std::int64_t> last;
};

Result<void> take_columns(std::vector<std::string>& columns, std::string_view text) {
  while (!text.empty()) columns.emplace_back(trimmed(take_until(text, ',')));
  return {};
}

// The first option that says something of rows and nothing of tables; empty when there is none.
std::string option_of_rows(const Options& options) {
  const std::pair<std::string_view, bool> of_rows[] = {
      {"--from", !options.from.empty()}, {"--to", !options.to.empty()},
      {"--where", !options.where.empty()}, {"--columns", !options.columns.empty()},
      {"--rate", options.rate}, {"--raw", options.raw},
      {"--every", options.every.has_value()}, {"--last", options.last.has_value()}};
  for (const auto& [name, is_given] : of_rows)
    if (is_given) return std::string(name);
  const std::string& format = options.view.format;
  return format.empty() || format == "table" || format == "json" ? "" : "--format " + escaped(format, 80);
}

// Rows are wanted without a word of which table: of a file that has one there is nothing to choose.
Result<std::string> single_table(const Recording& recording, const std::string& option) {
  const auto tables = TRY(recording.tables());
  if (tables.size() == 1) return tables.front().name;
  return Error{ErrorCode::invalid, option + " is for the rows of a table: name one behind the recording, for "
                                            "example memory ('tacho show RECORDING' lists them)"};
}

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  std::vector<Flag> flags = view_flags(options.view);
  flags.push_back({"from", required, set_text(options.from)});
  flags.push_back({"to", required, set_text(options.to)});
  flags.push_back({"where", required, set_text(options.where)});
  flags.push_back({"rate", none, set_true(options.rate)});
  flags.push_back({"raw", none, set_true(options.raw)});
  flags.push_back({"columns", required, [&](std::string_view text) {
                     return take_columns(options.columns, text);
                   }});
  flags.push_back({"every", required, [&](std::string_view text) -> Result<void> {
                     options.every = TRY(parse_duration(text));
                     if (*options.every <= Nanoseconds::zero())
                       return Error{ErrorCode::invalid, "--every must be more than 0, for example 10s"};
                     return {};
                   }});
  flags.push_back({"last", required, [&](std::string_view text) -> Result<void> {
                     options.last = parse_integer<std::int64_t>(text);
                     if (!options.last || *options.last < 1)
                       return Error{ErrorCode::invalid, "--last is a number of rows, for example 20"};
                     return {};
                   }});
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.view.help) return options;
  if (words.empty()) return Error{ErrorCode::invalid, "a recording is wanted: write for example @last"};
  if (words.size() > 2)
    return Error{ErrorCode::invalid, "'" + escaped(words[2], 80) + "' is one word too many"};
  options.recording = words[0];
  if (words.size() == 2) options.table = words[1];
  if (options.rate && options.every)
    return Error{ErrorCode::invalid, "--every has rates already: use one of --rate and --every"};
  return options;
}

// --last of all rows as they are: what comes before them need not be read.
bool is_end_alone(const Options& options, const Range& range) {
  return options.last && !range.from && !range.to && options.where.empty() && !options.rate && !options.every;
}

// The stretch that surely holds the last rows: every tick has at least one living process, so that many
// ticks before the end are enough, and the hours before them need not be filled forward.
Result<Range> processes_range(const Recording& recording, const Options& options, const Range& range) {
  if (!is_end_alone(options, range)) return range;
  const TableSummary ticks = TRY(recording.summary(recording.has_table("system") ? "system" : "process"));
  if (!ticks.last_tick) return range;
  const std::int64_t first = static_cast<std::int64_t>(*ticks.last_tick) - *options.last;
  Range end{.axis = Range::Axis::tick};
  // Ticks can be missing: then fewer than wanted might be in it, and all is read.
  if (first > 0 && TRY(recording.gaps()).empty()) end.from = first;
  return end;
}

Result<Stream> base_rows(const Recording& recording, const Options& options, const Range& range) {
  if (options.table == "process" && !options.raw)
    return processes(recording, TRY(processes_range(recording, options, range)));
  if (is_end_alone(options, range)) return last_rows_of(recording, options.table, *options.last);
  return recording.scan(options.table, {.range = range});
}

// Errors of a value name the option that it stands in.
Error about_where(Error error) {
  if (!error.text.starts_with("--where")) error.text.insert(0, "--where: ");
  return error;
}

// --where is about the table's own columns where it can be, and else about the derived ones.
Result<Stream> transformed(Stream rows, const Options& options, Nanoseconds now) {
  bool is_filtered = options.where.empty();
  if (!is_filtered) {
    auto predicate = Predicate::parse(options.where, now);
    if (!predicate) return about_where(predicate.error());
    const auto bound = predicate->bind(*rows->schema());
    const bool is_derived = !bound && (options.rate || options.every);
    if (!bound && !is_derived) return about_where(bound.error());
    if (bound) {
      rows = TRY(filter_rows(std::move(rows), options.where, now));
      is_filtered = true;
    }
  }
  if (options.rate) rows = TRY(rates(std::move(rows)));
  if (options.every) rows = TRY(reduce(std::move(rows), *options.every));
  if (!is_filtered) rows = TRY(filter_rows(std::move(rows), options.where, now));
  rows = TRY(select_columns(std::move(rows), options.columns));
  if (options.last) rows = TRY(last_rows(std::move(rows), *options.last));
  return rows;
}

// Rates and buckets add a word to the name of the column that they are made from.
std::string source_of(const std::string& column, const Options& options) {
  const bool is_derived = options.rate || options.every;
  return is_derived ? column.substr(0, column.find_last_of('_')) : column;
}

// Of columns that are shown, those that have a value somewhere in what they are made from.
Names filled_columns(const Recording& recording, const Options& options, const Range& range,
                     const Names& columns) {
  const bool is_filled_forward = options.table == "process" && !options.raw;
  std::vector<std::string> tables = {options.table};
  if (is_filled_forward && recording.has_table("process_info")) tables.push_back("process_info");
  Names asked, filled;
  for (const std::string& column : columns) asked.insert({column, source_of(column, options)});
  for (const std::string& table : tables) {
    // What is filled forward may come from before the range.
    auto found = recording.columns_with_values(table, asked, is_filled_forward ? Range{} : range);
    if (!found) return columns;
    filled.merge(*found);
  }
  Names shown;
  for (const std::string& column : columns)
    if (filled.contains(column) || filled.contains(source_of(column, options))) shown.insert(column);
  return shown;
}

Result<void> show_rows(const Recording& recording, const Options& options, Output& output) {
  const Range range = TRY(range_of(recording, options.from, options.to));
  Stream rows = TRY(transformed(TRY(base_rows(recording, options, range)), options,
                                reference_time(recording)));
  const std::string format = options.view.format.empty() ? "table" : options.view.format;
  const auto writer = TRY(make_row_writer(
      format, options.view.zone(recording), output,
      [&](const Names& columns) { return filled_columns(recording, options, range, columns); }));
  Progress progress;
  // On a terminal the rows themselves show how far it is.
  if (output.is_terminal()) return write_rows(*rows, *writer);
  return write_rows(*rows, *writer, [&](std::int64_t written) {
    if (progress.is_due()) progress.show(fmt::format("{} rows written", written));
  });
}

// Help texts are shown where they have room beside the figures.
constexpr int kRoomForHelp = 100;

// From the first row of all tables to the last.
Moments moments_of(const Recording& recording, const std::vector<TableSummary>& tables, Zone zone) {
  Nanoseconds first(recording.facts().start_time), last = first;
  for (const TableSummary& table : tables) {
    first = std::min(first, table.first_time.value_or(first));
    last = std::max(last, table.last_time.value_or(last));
  }
  return {zone, first, last};
}

// A file of another program can have any number of them.
constexpr std::size_t kShownGaps = 50;

void write_gaps(const std::vector<Gap>& gaps, const Moments& moments, std::string_view none, Output& output) {
  output.write(gaps.empty() ? fmt::format("\nno gaps: {}\n", none) : "\ngaps:\n");
  for (const Gap& gap : gaps | std::views::take(kShownGaps))
    output.write(fmt::format("  {} not taken between {} and {}\n", counted(gap.ticks, "tick"),
                             moments.text(gap.after_time, 3), moments.text(gap.before_time, 3)));
  if (gaps.size() > kShownGaps) output.write(fmt::format("  and {} more\n", gaps.size() - kShownGaps));
}

Result<void> show_tables(const Recording& recording, const Options& options, Output& output) {
  const auto tables = TRY(recording.tables());
  const Moments moments = moments_of(recording, tables, options.view.zone(recording));
  const bool has_help = !output.is_terminal() || output.width() >= kRoomForHelp;
  TextTable table;
  table.add_column("TABLE", Align::left);
  table.add_column("ROWS", Align::right);
  table.add_column("FIRST", Align::left);
  table.add_column("LAST", Align::left);
  table.add_column("SIZE", Align::right);
  table.add_column("FILES", Align::left);
  if (has_help) table.add_column("WHAT", Align::left, 80);
  for (const TableSummary& summary : tables) {
    const auto time = [&](const std::optional<Nanoseconds>& at) {
      return at ? moments.text(*at, 0) : std::string();
    };
    std::string files = summary.parts > 0 ? fmt::format("{} sealed", summary.parts) : "";
    if (summary.foreign > 0) files = "1";
    if (summary.live > 0) files += fmt::format("{}{} live", files.empty() ? "" : ", ", summary.live);
    std::vector<std::string> cells = {
        summary.name, fmt::format("{}", summary.rows), time(summary.first_time),
        time(summary.last_time), format_size(static_cast<std::int64_t>(summary.size)), files};
    if (has_help) cells.push_back(summary.help);
    table.add_row(std::move(cells));
  }
  table.print(output);
  output.write(fmt::format("\n{} in {}, times: {}\n",
                           format_size(static_cast<std::int64_t>(recording.size())),
                           recording.path(), moments.title()));
  write_gaps(TRY(recording.gaps()), moments,
             recording.is_foreign() ? "no step from one time to the next is much longer than the others"
                                    : "every tick was taken",
             output);
  if (recording.is_foreign()) output.write("\n");
  for (const std::string& remark : recording.remarks()) output.write(wrapped("", remark, output.width()));
  return {};
}

// The same for programs: sizes in bytes, times as in the rows of a table.
Result<void> show_tables_as_json(const Recording& recording, const Options& options, Output& output) {
  const Zone zone = options.view.zone(recording);
  const auto time = [&](const std::optional<Nanoseconds>& at) {
    return at ? '"' + format_time(*at, zone, 9) + '"' : std::string("null");
  };
  std::string text = "{\"recording\": ";
  append_json_string(text, recording.path());
  text += fmt::format(", \"size\": {},\n\"tables\": [", recording.size());
  std::string_view separator = "\n";
  for (const TableSummary& table : TRY(recording.tables())) {
    text += fmt::format("{}  {{\"name\": ", std::exchange(separator, ",\n"));
    append_json_string(text, table.name);
    text += fmt::format(", \"rows\": {}, \"first_time\": {}, \"last_time\": {}, \"size\": {}, "
                        "\"files_sealed\": {}, \"files_live\": {}}}",
                        table.rows, time(table.first_time), time(table.last_time), table.size, table.parts,
                        table.live);
  }
  text += "\n],\n\"gaps\": [";
  separator = "\n";
  for (const Gap& gap : TRY(recording.gaps()))
    text += fmt::format("{}  {{\"ticks\": {}, \"after_time\": {}, \"before_time\": {}}}",
                        std::exchange(separator, ",\n"), gap.ticks, time(gap.after_time),
                        time(gap.before_time));
  output.write(text + "\n]}\n");
  return {};
}

Result<bool> show(const Recording& recording, Options options) {
  if (const std::string option = option_of_rows(options); options.table.empty() && !option.empty())
    options.table = TRY(single_table(recording, option));
  Output output = TRY(open_output(options.view));
  if (options.table.empty() && options.view.format == "json") {
    TRY(show_tables_as_json(recording, options, output));
  } else if (options.table.empty()) {
    TRY(show_tables(recording, options, output));
  } else {
    TRY(show_rows(recording, options, output));
  }
  TRY(output.finish());
  return true;
}

}  // namespace

int command_show(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return tell_usage("show", options.error());
  if (options->view.help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  return view_recording("show", options->recording,
                        [&](const Recording& recording) { return show(recording, *options); },
                        options->view);
}

}  // namespace tacho
