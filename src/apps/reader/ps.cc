// SPDX-License-Identifier: Apache-2.0
// tacho ps: the process tree at an instant of a recording, and the ledger of those that lived in it.
#include <fmt/format.h>

#include <algorithm>

#include "apps/reader/command.h"
#include "apps/reader/ps_options.h"
#include "query/processes.h"
#include "views/process_tree.h"
#include "views/ps/differences.h"
#include "views/ps/process_list.h"
#include "views/values.h"

namespace tacho {
namespace {

// What tacho names the recording that it makes for `tacho ps` of now.
constexpr std::string_view kNameOfNow = "now";

// Why there is nothing to show of another program's file, and what can be done with it.
Error no_processes(const Recording& recording) {
  if (!recording.is_foreign())
    return {ErrorCode::corrupt, recording.path() + " has no table process: nothing in it says what was running"};
  std::string tables;
  for (const std::string& table : recording.table_names()) tables += (tables.empty() ? "" : ", ") + table;
  return {ErrorCode::corrupt, recording.path() + " says nothing of single processes: that needs a column pid and one of "
                              "name, ppid, CPU or memory; it has the tables " + tables + " ('tacho show' shows them)"};
}

// The last tick that is not after the time asked for.
Result<Batch> state_of(const Recording& recording, const PsOptions& options) {
  if (!recording.has_table("process")) return no_processes(recording);
  const Nanoseconds reference = reference_time(recording);
  const Nanoseconds at = options.at.empty() ? reference : TRY(time_of("--at", options.at, reference));
  return processes_at(recording, at);
}

// How many, and of when.
std::string totals_line(const ProcessTree& tree, const std::vector<std::size_t>& chosen,
                        const arrow::RecordBatch& state, Zone zone) {
  std::optional<std::int64_t> threads;
  for (const std::size_t index : chosen)
    if (const auto& own = tree.all()[index].threads) threads = threads.value_or(0) + *own;
  std::string line = fmt::format("{} process{}", chosen.size(), chosen.size() == 1 ? "" : "es");
  if (threads) line += fmt::format(", {} thread{}", *threads, *threads == 1 ? "" : "s");
  const ColumnView times(state, "time");
  if (row_count(state) == 0 || times.is_null(0)) return line;
  const Nanoseconds time(times.integer(0));
  const Moments moments(zone, time);
  return line + fmt::format(", at {} ({})", moments.text(time, 3), moments.title());
}

// What of the tree was asked for, as roots. Empty: nothing fits.
std::vector<std::size_t> roots_of(const ProcessTree& tree, const PsOptions& options) {
  if (!options.pid) return tree.roots();
  const auto found = tree.find(*options.pid);
  return found ? std::vector<std::size_t>{*found} : std::vector<std::size_t>();
}

Result<bool> show_tree(const Recording& recording, const PsOptions& options) {
  const Batch state = TRY(state_of(recording, options));
  const ProcessTree tree = ProcessTree::from(*state);
  const auto roots = roots_of(tree, options);
  if (options.pid && roots.empty()) {
    tell_error("ps", {ErrorCode::absent,
                      fmt::format("there is no process {} at that time", *options.pid)});
    return false;
  }
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
  TRY(sort_processes(tree, chosen, options.sort, options.reverse));
  const Zone zone = options.view.zone(recording);
  const std::string totals = totals_line(tree, chosen, *state, zone);
  const bool is_found = !chosen.empty();
  const std::size_t shown = std::min(chosen.size(), options.limit.value_or(chosen.size()));
  const std::size_t left_out = chosen.size() - shown;
  chosen.resize(shown);
  Output output = TRY(open_output(options.view));
  if (options.view.format == "json") {
    output.write(tree_json(tree, chosen, options.pid, options.verbose));
  } else {
    const bool is_list = !options.find.empty() || !options.sort.empty() || options.limit;
    if (is_list) print_processes(tree, chosen, options.sort, zone, output);
    else print_tree(tree, roots, output);
    print_remark(totals + (left_out > 0 ? fmt::format("; {} more are not shown: --limit", left_out) : ""),
                 output);
  }
  TRY(output.finish());
  return is_found;
}

// The ledger: those that ended, sums, differences.
Result<bool> show_ledger(const Recording& recording, const PsOptions& options) {
  if (recording.is_foreign() && !recording.has_table("process")) return no_processes(recording);
  if (recording.is_foreign())
    return Error{ErrorCode::corrupt, recording.path() + " does not say when processes were born and how they ended: "
                                     "of another program's file there is the tree of a time, for example --at -10m"};
  LedgerOptions ledger{.find = options.find,
                       .sort = options.sort,
                       .reverse = options.reverse,
                       .limit = options.limit,
                       .zone = options.view.zone(recording),
                       .as_json = options.view.format == "json"};
  if (options.diff_first) {
    const Nanoseconds reference = reference_time(recording);
    const Nanoseconds first = TRY(time_of("--diff", *options.diff_first, reference));
    const Nanoseconds second = TRY(time_of("--diff", *options.diff_second, reference));
    if (first > second)
      return Error{ErrorCode::invalid, "--diff: the first time lies behind the second; write for example "
                                       "--diff -10m -5m"};
    Output output = TRY(open_output(options.view));
    const bool found = TRY(show_differences(recording, first.count(), second.count(), ledger, output));
    TRY(output.finish());
    return found;
  }
  const Range range = TRY(range_of(recording, options.from, options.to));
  ledger.from = range.from;
  ledger.to = range.to;
  Output output = TRY(open_output(options.view));
  const bool is_now = recording.facts().name == kNameOfNow;
  const bool found = options.exited ? TRY(show_exited(recording, ledger, output))
                                    : TRY(show_sums(recording, *options.by, is_now, ledger, output));
  TRY(output.finish());
  return found;
}

}  // namespace

int command_ps(int argc, char** argv) {
  const auto options = parse_ps(argc, argv);
  if (!options) return tell_usage("ps", options.error());
  if (options->view.help) {
    fmt::print("{}", kPsHelp);
    return 0;
  }
  return view_recording("ps", options->recording, [&](const Recording& recording) {
    return options->is_of_ledger() ? show_ledger(recording, *options) : show_tree(recording, *options);
  }, options->view);
}

}  // namespace tacho
