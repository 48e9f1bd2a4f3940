// SPDX-License-Identifier: Apache-2.0
#include "views/ps/process_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/display.h"

namespace tacho {
namespace {

using Column = ListColumn<TreeProcess>;

// Of a user's name, as in the tree.
constexpr int kWidestUser = 12;

Column number(std::string_view name, std::string_view title, std::int64_t TreeProcess::*figure,
              Column::First first) {
  return {.name = name,
          .title = title,
          .align = Align::right,
          .first = first,
          .value = [figure](const TreeProcess& process) { return SortValue::of(process.*figure); },
          .show = [figure](const TreeProcess& process) { return fmt::format("{}", process.*figure); }};
}

Column size(std::string_view name, std::string_view title,
            std::optional<std::int64_t> TreeProcess::*figure) {
  return {.name = name,
          .title = title,
          .align = Align::right,
          .value = [figure](const TreeProcess& process) { return SortValue::of(process.*figure); },
          .show = [figure](const TreeProcess& process) {
            return process.*figure ? format_size(*(process.*figure)) : std::string();
          },
          .only_when_sorted = true};
}

Column word(std::string_view name, std::string_view title, std::string TreeProcess::*text) {
  return {.name = name,
          .title = title,
          .first = Column::First::smallest,
          .value = [text](const TreeProcess& process) {
            return SortValue::of(std::string_view(process.*text));
          },
          .show = [text](const TreeProcess& process) { return process.*text; }};
}

std::vector<Column> columns_in(Zone zone, const ProcessTree& tree) {
  Column parent = number("parent", "PARENT", &TreeProcess::parent, Column::First::smallest);
  parent.only_when_sorted = true;
  Column user = word("user", "USER", &TreeProcess::user);
  user.show = [](const TreeProcess& process) { return cut_to(printable(process.user), kWidestUser); };
  Column cpu = size("cpu", tree.has_shares_only() ? "CPU" : "CPU TIME", &TreeProcess::cpu_time);
  cpu.only_when_sorted = false;
  cpu.show = cpu_text;
  if (tree.has_shares_only())
    cpu.value = [](const TreeProcess& process) {
      constexpr double kFine = 1e6;  // digits of a share that tell two apart
      return SortValue::of(process.cpu_share ? std::optional<std::int64_t>(std::llround(*process.cpu_share * kFine))
                                               : std::nullopt);
    };
  Column threads = size("threads", "THR", &TreeProcess::threads);
  threads.only_when_sorted = false;
  threads.show = [](const TreeProcess& process) {
    return process.threads ? fmt::format("{}", *process.threads) : std::string();
  };
  Column memory = number("memory", "MEMORY", &TreeProcess::memory, Column::First::largest);
  memory.show = [](const TreeProcess& process) {
    return process.memory > 0 ? format_size(process.memory) : std::string();
  };
  Column start = size("start", "START", &TreeProcess::start);
  start.align = Align::left;
  start.show = [zone](const TreeProcess& process) {
    if (!process.start) return std::string();
    const Nanoseconds time(*process.start);
    return Moments(zone, time).text(time, 0);
  };
  Column command = word("command", "NAME", &TreeProcess::command);
  command.only_when_sorted = true;
  Column arguments = word("arguments", "PROCESS", &TreeProcess::arguments);
  arguments.show = label_of;
  return {number("pid", "PID", &TreeProcess::pid, Column::First::smallest),
          parent,
          user,
          word("state", "S", &TreeProcess::state),
          threads,
          cpu,
          memory,
          start,
          size("read", "READ", &TreeProcess::disk_read),
          size("write", "WRITTEN", &TreeProcess::disk_written),
          command,
          arguments};
}

}  // namespace

Result<void> sort_processes(const ProcessTree& tree, std::vector<std::size_t>& processes,
                            std::string_view sort, bool reverse) {
  if (sort.empty()) return {};
  const auto columns = columns_in(Zone::utc, tree);
  const ListOrder order = TRY(order_of(columns, sort, reverse));
  std::ranges::stable_sort(processes, [&](std::size_t a, std::size_t b) {
    return comes_first(columns[order.column], order.is_turned, tree.all()[a], tree.all()[b]);
  });
  return {};
}

void print_processes(const ProcessTree& tree, const std::vector<std::size_t>& processes,
                     std::string_view sort, Zone zone, Output& output) {
  const auto columns = columns_in(zone, tree);
  std::optional<std::size_t> sorted;
  if (const auto order = order_of(columns, sort, false)) sorted = order->column;
  std::vector<TreeProcess> rows;
  rows.reserve(processes.size());
  for (const std::size_t index : processes) rows.push_back(tree.all()[index]);
  print_rows(columns, sorted, rows, output);
}

}  // namespace tacho
