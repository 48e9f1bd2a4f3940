// SPDX-License-Identifier: Apache-2.0
// The second half of `tacho snapshot`: all tables of a very short recording at its last tick, with the
// rates between its two.
#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/view_flags.h"
#include "base/saturating.h"
#include "query/processes.h"
#include "query/rate.h"
#include "views/export/row_writer.h"
#include "views/export/wide_rows.h"
#include "views/json_text.h"
#include "views/values.h"

namespace tacho {
namespace {

// Tables about the recording itself say nothing of the machine.
bool is_about_machine(const TableSummary& summary) {
  return summary.scope != "recorder" && summary.name != "process_info" &&
         summary.name != "process_exit" && summary.rows > 0;
}

Result<Stream> rows_of(const Recording& recording, const std::string& table) {
  if (table == "process") return processes(recording);
  return recording.scan(table);
}

// The rows of the last tick of a stream.
Result<Batch> last_tick(Stream rows, std::int64_t count) {
  Stream last = TRY(last_rows(std::move(rows), count));
  return TRY(last->next());
}

// How many rows the table's last tick has.
Result<std::int64_t> rows_at_end(const Recording& recording, const std::string& table) {
  Stream rows = TRY(rows_of(recording, table));
  std::uint64_t tick = 0;
  std::int64_t count = 0;
  while (const Batch batch = TRY(rows->next())) {
    const ColumnView ticks(*batch, "tick");
    for (std::int64_t row = 0; row < row_count(*batch); ++row) {
      if (ticks.word(row) != tick) count = 0;
      tick = ticks.word(row);
      ++count;
    }
  }
  return count;
}

void append_row(std::string& text, const std::vector<ColumnInfo>& columns,
                const arrow::RecordBatch& batch, std::int64_t row, bool only_rates, Zone zone) {
  for (const ColumnInfo& column : columns) {
    const ColumnView values(batch, column.name);
    const bool is_rate = column.name.ends_with("_rate");
    if (column.is_stamp() || is_rate != only_rates || values.is_null(row)) continue;
    if (text.back() != '{') text += ", ";
    append_json_string(text, column.name);
    text += ": ";
    if (is_number(column)) {
      text += machine_text(column, values, row, zone);
    } else {
      append_json_string(text, machine_text(column, values, row, zone));
    }
  }
}

Result<void> write_json_table(const Recording& recording, const std::string& table, Zone zone,
                              std::string& text) {
  const std::int64_t count = TRY(rows_at_end(recording, table));
  const Batch values = TRY(last_tick(TRY(rows_of(recording, table)), count));
  const Batch with_rates = TRY(last_tick(TRY(rates(TRY(rows_of(recording, table)))), count));
  append_json_string(text, table);
  text += ": [";
  const auto value_columns = columns_of(*TRY(rows_of(recording, table))->schema());
  const auto rate_columns = columns_of(*TRY(rates(TRY(rows_of(recording, table))))->schema());
  for (std::int64_t row = 0; row < count; ++row) {
    text += row == 0 ? "\n  {" : ",\n  {";
    append_row(text, value_columns, *values, row, false, zone);
    append_row(text, rate_columns, *with_rates, row, true, zone);
    text += "}";
  }
  text += "\n]";
  return {};
}

Result<void> write_json(const Recording& recording, Zone zone, Output& output) {
  const RecordingFacts& facts = recording.facts();
  std::string text = "{";
  append_json_string(text, "time");
  text += ": ";
  append_json_string(text, format_time(reference_time(recording), zone, 9));
  text += ", ";
  append_json_string(text, "host");
  text += ": ";
  append_json_string(text, facts.host.name);
  text += fmt::format(
      ", \"rates_over_ns\": {}",
      saturating_difference(facts.end_boottime.value_or(facts.start_boottime), facts.start_boottime));
  for (const TableSummary& summary : TRY(recording.tables())) {
    if (!is_about_machine(summary)) continue;
    text += ",\n";
    TRY(write_json_table(recording, summary.name, zone, text));
    output.write(text);
    text.clear();
  }
  output.write(text + "\n}\n");
  return {};
}

// Of a process a person wants these; JSON has all of them.
const std::vector<std::string> kProcessColumns = {
    "pid", "user", "state", "thread_count", "cpu_time_user_rate", "cpu_time_system_rate",
    "memory_usage", "command"};

// The columns of a table, without the clocks: they are the same in every row.
std::vector<std::string> columns_without_stamp(const arrow::Schema& schema) {
  std::vector<std::string> names;
  for (const ColumnInfo& column : columns_of(schema))
    if (!column.is_stamp()) names.push_back(column.name);
  return names;
}

Result<void> write_text_table(const Recording& recording, const std::string& table, Zone zone,
                              Output& output) {
  const std::int64_t count = TRY(rows_at_end(recording, table));
  Stream rows = TRY(last_rows(TRY(rates(TRY(rows_of(recording, table)))), count));
  const auto columns =
      table == "process" ? kProcessColumns : columns_without_stamp(*rows->schema());
  rows = TRY(select_columns(std::move(rows), columns));
  const auto writer = make_table_writer(zone, output, WideRows::turned);
  return write_rows(*rows, *writer);
}

Result<void> write_text(const Recording& recording, Zone zone, Output& output) {
  const RecordingFacts& facts = recording.facts();
  const Nanoseconds time = reference_time(recording);
  const Moments moments(zone, time);
  output.write(fmt::format("{} at {} ({}); columns _rate: a second, over {}\n", facts.host.name,
                           moments.text(time, 3), moments.title(),
                           duration_text(facts.end_boottime.value_or(facts.start_boottime) -
                                         facts.start_boottime)));
  for (const TableSummary& summary : TRY(recording.tables())) {
    if (!is_about_machine(summary)) continue;
    output.write(fmt::format("\n{}{}{}: {}\n", output.bold(), summary.name, output.plain(),
                             summary.help));
    TRY(write_text_table(recording, summary.name, zone, output));
  }
  return {};
}

Result<void> print(const Recording& recording, const ViewOptions& options, bool wide) {
  Output output = TRY(open_output(options));
  if (wide) {
    output.write(TRY(wide_json(recording, options.utc)));
    return output.finish();
  }
  const bool text = options.format == "text" || (options.format.empty() && output.is_terminal());
  TRY(text ? write_text(recording, options.zone(), output)
           : write_json(recording, options.zone(), output));
  return output.finish();
}

}  // namespace

int command_snapshot(int argc, char** argv) {
  ViewOptions options;
  bool wide = false;
  std::vector<Flag> flags = view_flags(options);
  flags.push_back({"wide", Flag::Value::none, set_true(wide)});
  const auto words = parse_flags(argc, argv, flags);
  if (!words || words->size() != 1)
    return tell_usage("snapshot", words ? Error{ErrorCode::invalid, "it takes options only"}
                                        : words.error());
  const auto recording = Recording::open(words->front());
  if (!recording) return tell_error("snapshot", recording.error());
  const auto printed = print(*recording, options, wide);
  return printed ? 0 : tell_error("snapshot", printed.error());
}

}  // namespace tacho
