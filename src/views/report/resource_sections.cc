// SPDX-License-Identifier: Apache-2.0
// Pressure, disks and network: what was moved and waited for.
#include <fmt/format.h>

#include <algorithm>

#include "base/saturating.h"
#include "views/report/section.h"
#include "views/text_table.h"

namespace tacho {
namespace {

struct Pair {
  CounterTrace one, two, busy;
};

// Empty where the recording has no such column.
std::string share_text(const CounterTrace& trace) {
  return trace.span() > 0 ? percent(std::min(1.0, trace.mean() / 1e9)) : "";
}

// Fills them from what opening the file has shown, when it has; else `read` does.
template <class Read>
Result<std::map<std::string, Pair>> pairs_of(const ReportContext& context, std::string_view table,
                                             std::string_view one, std::string_view two,
                                             std::string_view busy, const Read& read) {
  std::map<std::string, Pair> pairs;
  const auto known = TRY(known_figures(context, table));
  for (const ColumnFigures& figures : known) {
    if (figures.column == one) pairs[figures.entity].one = CounterTrace(figures);
    if (figures.column == two) pairs[figures.entity].two = CounterTrace(figures);
    if (figures.column == busy) pairs[figures.entity].busy = CounterTrace(figures);
  }
  if (known.empty()) TRY(read(pairs));
  return pairs;
}

TextTable table_of(std::initializer_list<std::string_view> titles) {
  TextTable table;
  bool first = true;
  for (const std::string_view title : titles) {
    table.add_column(std::string(title), first ? Align::left : Align::right);
    first = false;
  }
  return table;
}

std::string clock(const ReportContext& context, std::int64_t time) {
  return time == 0 ? "" : format_clock_time(Nanoseconds(time), context.zone);
}

Result<void> read_disks(const ReportContext& context, std::map<std::string, Pair>& devices) {
  return each_row(context, "disk", {"device", "boottime", "time", "type", "io_read", "io_write", "io_time"},
               [&](const ColumnViews& at, std::int64_t row) {
                 if (at[3].text(row) == "partition") return;  // its disk counts it
                 Pair& pair = devices[std::string(at[0].text(row))];
                 const std::int64_t boottime = at[1].integer(row), time = at[2].integer(row);
                 pair.one.add(boottime, time, at[4].find_integer(row));
                 pair.two.add(boottime, time, at[5].find_integer(row));
                 pair.busy.add(boottime, time, at[6].find_integer(row));
               });
}

Result<void> read_interfaces(const ReportContext& context, std::map<std::string, Pair>& interfaces,
                             std::map<std::string, CounterTrace>& troubles) {
  return each_row(context, "network",
               {"interface", "boottime", "time", "io_receive", "io_transmit", "errors_receive",
                "errors_transmit", "packet_dropped_receive", "packet_dropped_transmit"},
               [&](const ColumnViews& at, std::int64_t row) {
                 const std::string name(at[0].text(row));
                 const std::int64_t boottime = at[1].integer(row), time = at[2].integer(row);
                 interfaces[name].one.add(boottime, time, at[3].find_integer(row));
                 interfaces[name].two.add(boottime, time, at[4].find_integer(row));
                 std::optional<std::int64_t> trouble;
                 for (std::size_t column = 5; column < 9; ++column)
                   if (!at[column].is_null(row)) trouble = saturating_sum(trouble.value_or(0), at[column].integer(row));
                 troubles[name].add(boottime, time, trouble);
               });
}

// Errors and drops, summed.
Result<void> add_known_troubles(const ReportContext& context,
                                std::map<std::string, CounterTrace>& troubles) {
  std::map<std::string, ColumnFigures> sums;
  for (const ColumnFigures& figures : TRY(known_figures(context, "network"))) {
    if (!figures.column.starts_with("errors_") && !figures.column.starts_with("packet_dropped_")) continue;
    ColumnFigures& sum = sums[figures.entity];
    sum.grown += figures.grown;
    sum.span = std::max(sum.span, figures.span);
  }
  for (const auto& [interface, sum] : sums) troubles[interface] = CounterTrace(sum);
  return {};
}

}  // namespace

Result<void> report_pressure(const ReportContext& context, Output& output) {
  std::map<std::string, Pair> resources;
  TRY(each_row(context, "pressure", {"resource", "boottime", "time", "some", "full"},
               [&](const ColumnViews& at, std::int64_t row) {
                 Pair& pair = resources[std::string(at[0].text(row))];
                 pair.one.add(at[1].integer(row), at[2].integer(row), at[3].find_integer(row));
                 pair.two.add(at[1].integer(row), at[2].integer(row), at[4].find_integer(row));
               }));
  if (resources.empty()) return {};
  heading(output, "Pressure (share of the time in which some tasks, or all, waited)");
  TextTable table = table_of({"RESOURCE", "SOME", "WORST", "AT", "ALL", "WORST", "AT"});
  for (const auto& [resource, pair] : resources) {
    const auto share = [](double nanoseconds_per_second) {
      return percent(std::min(1.0, nanoseconds_per_second / 1e9));
    };
    table.add_row({resource, share(pair.one.mean()), share(pair.one.steepest()),
                   clock(context, pair.one.steepest_time()), share(pair.two.mean()),
                   share(pair.two.steepest()), clock(context, pair.two.steepest_time())});
  }
  table.print(output, "  ");
  return {};
}

Result<void> report_disks(const ReportContext& context, Output& output) {
  auto devices = TRY(pairs_of(context, "disk", "io_read", "io_write", "io_time", [&](auto& pairs) {
    return read_disks(context, pairs);
  }));
  std::erase_if(devices, [](const auto& entry) {
    return entry.second.one.grown() == 0 && entry.second.two.grown() == 0;
  });
  if (devices.empty()) return {};
  heading(output, "Disks (the whole machine, not the command alone)");
  TextTable table = table_of({"DEVICE", "READ", "FASTEST", "AT", "WRITTEN", "FASTEST", "AT", "BUSY"});
  for (const auto& [device, pair] : devices)
    table.add_row({device, format_size(pair.one.grown()), per_second(pair.one.steepest()),
                   clock(context, pair.one.steepest_time()), format_size(pair.two.grown()),
                   per_second(pair.two.steepest()), clock(context, pair.two.steepest_time()),
                   share_text(pair.busy)});
  table.print(output, "  ");
  return {};
}

Result<void> report_network(const ReportContext& context, Output& output) {
  std::map<std::string, CounterTrace> troubles;
  auto interfaces = TRY(pairs_of(context, "network", "io_receive", "io_transmit", "", [&](auto& pairs) {
    return read_interfaces(context, pairs, troubles);
  }));
  TRY(add_known_troubles(context, troubles));
  std::erase_if(interfaces, [](const auto& entry) {
    return entry.second.one.grown() == 0 && entry.second.two.grown() == 0;
  });
  if (interfaces.empty()) return {};
  heading(output, "Network (the whole machine; fastest: mean of one interval)");
  TextTable table = table_of({"INTERFACE", "RECEIVED", "FASTEST", "AT", "SENT", "FASTEST", "AT",
                              "ERRORS, DROPS"});
  for (const auto& [name, pair] : interfaces)
    table.add_row({name, format_size(pair.one.grown()), per_second(pair.one.steepest()),
                   clock(context, pair.one.steepest_time()), format_size(pair.two.grown()),
                   per_second(pair.two.steepest()), clock(context, pair.two.steepest_time()),
                   troubles[name].span() > 0 ? fmt::format("{}", troubles[name].grown()) : ""});
  table.print(output, "  ");
  return {};
}

}  // namespace tacho
