// SPDX-License-Identifier: Apache-2.0
#include "views/process_tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/saturating.h"
#include "base/units.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

// Deeper trees exist only by accident or malice; the drawing stops there, the data does not.
constexpr std::size_t kDeepest = 60;
// Of a command line with its branches, where no terminal sets the limit.
constexpr int kWidestName = 160;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

TreeProcess process_from(const arrow::RecordBatch& batch, std::int64_t row) {
  const auto figure = [&](std::string_view name) { return ColumnView(batch, name).find_integer(row); };
  const auto text = [&](std::string_view name) {
    return std::string(ColumnView(batch, name).text(row));
  };
  TreeProcess process{.pid = figure("pid").value_or(0),
                      .parent = figure("parent_pid").value_or(0),
                      .memory = figure("memory_usage").value_or(0)};
  process.threads = figure("thread_count");
  process.cpu_time = figure("cpu_time");
  if (const auto user = figure("cpu_time_user"), system = figure("cpu_time_system"); user || system)
    process.cpu_time = saturating_sum(user.value_or(0), system.value_or(0));
  process.cpu_share = ColumnView(batch, "cpu_utilization").find_real(row);
  process.start = figure("start_time");
  process.disk_read = figure("disk_io_read");
  process.disk_written = figure("disk_io_write");
  process.state = text("state");
  process.user = text("user");
  process.command = text("command");
  process.arguments = text("arguments");
  return process;
}

TextTable make_table(const ProcessTree& tree) {
  TextTable table;
  table.add_column("PID", Align::right);
  table.add_column("USER", Align::left, 12);
  table.add_column("S", Align::left);
  table.add_column("THR", Align::right);
  table.add_column(tree.has_shares_only() ? "CPU" : "CPU TIME", Align::right);
  table.add_column("MEMORY", Align::right);
  return table;
}

std::vector<std::string> cells_of(const TreeProcess& process, const std::string& label) {
  return {fmt::format("{}", process.pid), process.user, process.state,
          process.threads ? fmt::format("{}", *process.threads) : "", cpu_text(process),
          process.memory > 0 ? format_size(process.memory) : "", label};
}

// Appends the process and what is below it; `prefix` draws the branches of those above.
void add_branch(const ProcessTree& tree, std::size_t index, const std::string& prefix,
                const std::string& branch, std::size_t depth, TextTable& table) {
  const TreeProcess& process = tree.all()[index];
  table.add_row(cells_of(process, prefix + branch + label_of(process)));
  if (depth >= kDeepest) return;
  const std::string below = prefix + (branch.empty() ? "" : branch == "└─ " ? "   " : "│  ");
  for (std::size_t at = 0; at < process.children.size(); ++at)
    add_branch(tree, process.children[at], below,
               at + 1 == process.children.size() ? "└─ " : "├─ ", depth + 1, table);
}

}  // namespace

std::string cpu_text(const TreeProcess& process) {
  if (process.cpu_time) return duration_text(*process.cpu_time);
  return process.cpu_share ? fmt::format("{:.1f} %", *process.cpu_share * 100) : "";
}

std::string label_of(const TreeProcess& process) {
  if (process.arguments.empty() && process.command.empty()) return "?";
  return process.arguments.empty() ? "[" + process.command + "]" : process.arguments;
}

ProcessTree ProcessTree::from(const arrow::RecordBatch& batch) {
  ProcessTree tree;
  for (std::int64_t row = 0; row < row_count(batch); ++row)
    tree.all_.push_back(process_from(batch, row));
  std::ranges::sort(tree.all_, {}, &TreeProcess::pid);
  for (std::size_t index = 0; index < tree.all_.size(); ++index) {
    const auto parent = tree.find(tree.all_[index].parent);
    if (parent && *parent != index) {
      tree.all_[*parent].children.push_back(index);
    } else {
      tree.roots_.push_back(index);
    }
  }
  tree.has_shares_only_ =
      std::ranges::none_of(tree.all_, [](const TreeProcess& one) { return one.cpu_time.has_value(); }) &&
      std::ranges::any_of(tree.all_, [](const TreeProcess& one) { return one.cpu_share.has_value(); });
  tree.add_roots_of_rings();
  return tree;
}

// A damaged or foreign file may say that two are each other's parents.
void ProcessTree::add_roots_of_rings() {
  std::vector<bool> seen(all_.size());
  for (const std::size_t index : below(roots_)) seen[index] = true;
  for (std::size_t index = 0; index < all_.size(); ++index) {
    if (seen[index]) continue;
    roots_.push_back(index);
    for (const std::size_t child : below({index})) seen[child] = true;
  }
}

std::optional<std::size_t> ProcessTree::find(std::int64_t pid) const {
  const auto found = std::ranges::lower_bound(all_, pid, {}, &TreeProcess::pid);
  if (found == all_.end() || found->pid != pid) return std::nullopt;
  return static_cast<std::size_t>(found - all_.begin());
}

std::vector<std::size_t> ProcessTree::below(const std::vector<std::size_t>& start) const {
  std::vector<std::size_t> found = start;
  // A damaged recording could say that two are each other's parents.
  std::vector<bool> seen(all_.size());
  for (std::size_t at = 0; at < found.size(); ++at) {
    seen[found[at]] = true;
    for (const std::size_t child : all_[found[at]].children)
      if (!seen[child]) found.push_back(child);
  }
  return found;
}

std::vector<std::size_t> ProcessTree::containing(std::string_view text) const {
  const std::string wanted = lower(text);
  std::vector<std::size_t> found;
  for (std::size_t index = 0; index < all_.size(); ++index) {
    const TreeProcess& process = all_[index];
    if (lower(process.command).find(wanted) != std::string::npos ||
        lower(process.arguments).find(wanted) != std::string::npos ||
        fmt::format("{}", process.pid) == wanted)
      found.push_back(index);
  }
  return found;
}

void print_tree(const ProcessTree& tree, const std::vector<std::size_t>& start, Output& output) {
  TextTable table = make_table(tree);
  table.add_column("PROCESS", Align::left, kWidestName);
  for (const std::size_t root : start) add_branch(tree, root, "", "", 0, table);
  table.print(output);
}

std::string tree_json(const ProcessTree& tree, const std::vector<std::size_t>& processes,
                      std::optional<std::int64_t> root, bool verbose) {
  using Json = nlohmann::ordered_json;
  const auto number_json = [](std::optional<std::int64_t> number) { return number ? Json(*number) : Json(); };
  Json list = Json::array();
  std::int64_t threads = 0;
  std::map<std::string, std::pair<std::int64_t, std::int64_t>> by_command;
  for (const std::size_t index : processes) {
    const TreeProcess& process = tree.all()[index];
    Json entry{{"pid", process.pid}, {"ppid", process.parent}, {"name", process.command},
               {"threads", number_json(process.threads)}};
    if (verbose) {
      entry["user"] = process.user;
      entry["state"] = process.state;
      entry["arguments"] = process.arguments;
      entry["memory_usage"] = process.memory;
      entry["cpu_time"] = number_json(process.cpu_time);
      if (process.cpu_share) entry["cpu_utilization"] = *process.cpu_share;
    }
    list.push_back(std::move(entry));
    add_up(threads, process.threads.value_or(0));
    auto& [count, sum] = by_command[process.command];
    ++count;
    add_up(sum, process.threads.value_or(0));
  }
  std::vector<std::pair<std::int64_t, std::string>> order;
  for (const auto& [command, figures] : by_command) order.emplace_back(-figures.first, command);
  std::ranges::sort(order);  // most processes first, then by name
  Json commands = Json::array();
  for (const auto& [count, command] : order)
    commands.push_back({{"command", command},
                        {"processes", -count},
                        {"total_threads", by_command[command].second}});
  Json json{{"root_pid", root ? Json(*root) : Json(nullptr)},
            {"processes", std::move(list)},
            {"totals", {{"total_processes", processes.size()}, {"total_threads", threads}}},
            {"aggregated_by_command", std::move(commands)},
            {"verbose", verbose}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tacho
