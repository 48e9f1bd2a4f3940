// SPDX-License-Identifier: Apache-2.0
#include "views/ps/exited.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/display.h"
#include "views/missed.h"
#include "views/ps/ending.h"
#include "views/ps/json.h"
#include "views/ps/life_columns.h"

namespace tacho {
namespace {

std::string order_text(const LifeColumn& column, bool is_turned) {
  const bool largest = (column.first == LifeColumn::First::largest) != is_turned;
  const bool is_moment = column.name == "start" || column.name == "end";
  return fmt::format("by {}, {}", column.name,
                     is_moment ? (largest ? "newest first" : "oldest first")
                               : (largest ? "from the top down" : "from the bottom up"));
}

struct Found {
  std::vector<ProcessLife> rows;
  std::uint64_t count = 0, not_accounts = 0;
};

void print_text(const Found& found, const std::vector<LifeColumn>& columns, ListOrder order,
                const std::string& span, const MissedProcesses& missed, Output& output) {
  if (!found.rows.empty()) print_rows(columns, order.column, found.rows, output);
  std::string text = fmt::format("{} process{} ended {}; {}", found.count, found.count == 1 ? "" : "es",
                                 span, to_text(missed));
  print_remark(text, output);
  if (found.count > found.rows.size())
    print_remark(fmt::format("the first {} are shown, {}; --limit {} shows all", found.rows.size(),
                             order_text(columns[order.column], order.is_turned), found.count),
                 output);
  if (found.not_accounts > 0)
    print_remark(fmt::format("of {} the figures are those last seen, not those at the end (source "
                             "connector or poll)",
                             found.not_accounts),
                 output);
}

void print_json(const Found& found, const Recording& recording, const LedgerOptions& options,
                std::string_view sort, Output& output) {
  const auto [from, to] = span_of(recording, options);
  output.write("{\n  \"from\": " + moment_json(from, options.zone) +
               ",\n  \"to\": " + moment_json(to, options.zone) +
               fmt::format(",\n  \"ended\": {},\n  \"shown\": {},\n  \"sort\": \"{}\",\n"
                           "  \"figures_last_seen\": {},\n  \"missed\": ",
                           found.count, found.rows.size(), sort, found.not_accounts) +
               missed_json(recording) + ",\n  \"processes\": [");
  std::string_view between = "\n    ";
  for (const ProcessLife& life : found.rows) {
    if (!output.write(std::string(between) + life_json(life, options.zone))) break;
    between = ",\n    ";
  }
  output.write(found.rows.empty() ? "]\n}\n" : "\n  ]\n}\n");
}

}  // namespace

std::pair<std::int64_t, std::int64_t> span_of(const Recording& recording,
                                              const LedgerOptions& options) {
  const RecordingFacts& facts = recording.facts();
  const std::int64_t from = options.from.value_or(facts.start_time);
  if (options.to) return {from, *options.to};
  if (facts.end_time) return {from, *facts.end_time};
  const auto last = recording.summary(recording.has_table("system") ? "system" : "process");
  const bool has_last = last && last->last_time;
  return {from, has_last ? std::max(from, last->last_time->count()) : from};
}

std::string span_text(std::int64_t from, std::int64_t to, Zone zone) {
  const Moments moments(zone, Nanoseconds(from), Nanoseconds(to));
  return fmt::format("from {} to {} ({})", moments.text(Nanoseconds(from), 3),
                     moments.text(Nanoseconds(to), 3), moments.title());
}

void print_remark(const std::string& text, Output& output) {
  output.write(std::string(output.dim()) + wrapped("", text, output.width()) +
               std::string(output.plain()));
}

std::string life_json(const ProcessLife& life, Zone zone) {
  using Json = nlohmann::ordered_json;
  const auto moment = [zone](Figure time) {
    return time ? Json(format_time(Nanoseconds(*time), zone, 9)) : Json();
  };
  const auto text = [](const std::string& value) { return value.empty() ? Json() : Json(value); };
  const ProcessAbout& about = life.about;
  Json json{{"process", life.number},
            {"pid", number_json(about.pid)},
            {"parent_pid", number_json(about.parent_pid)},
            {"command", text(about.command)},
            {"arguments", text(about.arguments)},
            {"user", text(about.user)},
            {"job", text(about.job)},
            {"container", text(about.container)},
            {"unit", text(about.unit)},
            {"start", moment(about.start_time)}};
  if (life.end) {
    const ProcessEnd& end = *life.end;
    json["end"] = moment(end.time);
    json["end_is_exact"] = end.is_exact;
    json["source"] = text(end.source);
    json["exit_code"] = number_json(end.exit_code);
    json["signal"] = number_json(end.signal);
    json["signal_name"] = end.signal.value_or(0) != 0 ? Json(signal_name(*end.signal)) : Json();
    json["core_dumped"] = end.core_dumped ? Json(*end.core_dumped == 1) : Json();
  }
  json["cpu_time"] = number_json(life.use.cpu_time);
  json["memory_peak"] = number_json(life.use.memory_peak);
  json["disk_io_read"] = number_json(life.use.disk_read);
  json["disk_io_write"] = number_json(life.use.disk_written);
  json["io_read"] = number_json(life.use.io_read);
  json["io_write"] = number_json(life.use.io_written);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string missed_json(const Recording& recording) {
  const auto missed = missed_of(recording);
  if (!missed) return "{\"count\":null,\"why\":null}";
  nlohmann::ordered_json json{
      {"count", missed->count ? nlohmann::ordered_json(*missed->count) : nullptr},
      {"why", missed->why.empty() ? nlohmann::ordered_json() : nlohmann::ordered_json(missed->why)}};
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<bool> show_exited(const Recording& recording, const LedgerOptions& options, Output& output) {
  const auto [from, to] = span_of(recording, options);
  // One that was born before the span can have a start of another day, which then says so itself.
  const auto columns = life_columns(Moments(options.zone, Nanoseconds(from), Nanoseconds(to)));
  const std::string sort = options.sort.empty() ? "end" : options.sort;
  const ListOrder order = TRY(order_of(columns, sort, options.reverse));
  FirstRows<ProcessLife> first(columns[order.column], order.is_turned,
                               options.limit.value_or(kMostExited));
  Found found;
  TRY(each_life(recording, {.which = LivesWanted::Which::ended, .from = options.from, .to = options.to},
                [&](const ProcessLife& life) {
                  if (!life.about.contains(options.find)) return;
                  if (!life.end->is_account) ++found.not_accounts;
                  first.add(life);
                }));
  found.count = first.count();
  found.rows = first.take();
  if (options.as_json) {
    print_json(found, recording, options, columns[order.column].name, output);
  } else {
    print_text(found, columns, order, span_text(from, to, options.zone), TRY(missed_of(recording)), output);
  }
  return found.count > 0;
}

}  // namespace tacho
