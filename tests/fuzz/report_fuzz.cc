// SPDX-License-Identifier: Apache-2.0
// What the views make of rows that nobody measured. A line "=== TABLE" begins a table's live file, the
// next one ends it: checksums are made right, values may be any.
#include <filesystem>

#include "base/text.h"
#include "fuzz.h"
#include "journal/facts.h"
#include "journal/format.h"
#include "query/processes.h"
#include "signing.h"
#include "views/process_tree.h"
#include "views/ps/differences.h"
#include "views/ps/exited.h"
#include "views/ps/sums.h"
#include "views/report/report.h"

namespace tacho {
namespace {

const std::string& folder() {
  static const std::string path = fuzz::memory_folder() + "/report.tacho";
  return path;
}

template <class Show>
void with_output(const Show& show) {
  auto output = Output::open(fuzz::memory_folder() + "/report.txt", ColorMode::never, false);
  fuzz::expect(static_cast<bool>(output), "no output");
  show(*output);
  (void)output->finish();
}

void show_all(const Recording& recording) {
  with_output([&](Output& output) {
    (void)write_report({.recording = recording, .range = {}, .zone = Zone::utc}, output);
  });
  for (const bool as_json : {false, true})
    with_output([&](Output& output) {
      (void)show_exited(recording, {.zone = Zone::utc, .as_json = as_json}, output);
      (void)show_sums(recording, SumBy::command, false, {.zone = Zone::utc, .as_json = as_json}, output);
      (void)show_differences(recording, 1'763'990'000'000'000'000, 1'763'990'009'000'000'000,
                             {.zone = Zone::utc, .as_json = as_json}, output);
    });
  const auto state = processes_at(recording, Nanoseconds(1'763'990'005'000'000'000));
  if (!state || !*state) return;
  const ProcessTree tree = ProcessTree::from(**state);
  with_output([&](Output& output) { print_tree(tree, tree.roots(), output); });
}

bool is_one(std::string_view table) {
  return !table.empty() && table.size() <= 40 &&
         table.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == table.npos;
}

// Writes the tables' files; their names.
std::vector<std::string> write_tables(std::string_view input) {
  constexpr std::string_view kMark = "\n=== ";
  std::vector<std::string> tables;
  if (!input.starts_with(kMark.substr(1))) return tables;
  input.remove_prefix(kMark.size() - 1);
  while (!input.empty() && tables.size() < 20) {
    const std::size_t end = std::min(input.find(kMark), input.size());
    std::string_view live = input.substr(0, end);
    input.remove_prefix(std::min(end + kMark.size(), input.size()));
    const std::string table(take_until(live, '\n'));
    if (!is_one(table)) continue;
    fuzz::write_file(folder() + "/" + table + "/live-000001.arrows", fuzz::signed_journal(live));
    tables.push_back(table);
  }
  return tables;
}

}  // namespace

FUZZ_TARGET(report) {
  std::filesystem::remove_all(folder());
  const RecordingFacts facts{.id = std::string(32, '0'),
                             .name = "report",
                             .start_time = 1'763'990'000'000'000'000,
                             .interval = 1'000'000'000,
                             .tables = write_tables(input)};
  fuzz::write_file(folder() + "/" + std::string(kFactsName), to_json(facts));
  const auto recording = Recording::open(folder());
  if (recording) show_all(*recording);
}

}  // namespace tacho
