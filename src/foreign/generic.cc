// SPDX-License-Identifier: Apache-2.0
// Any file with a column of times: one table, named after the file, columns as they are.
#include <algorithm>
#include <string_view>

#include "foreign/plan.h"

namespace tacho {
namespace {

// Tables whose columns tacho's views know: a file that happens to have such a name is no such
// table.
constexpr std::string_view kOwnTables[] = {
    "system",           "cpu",          "memory", "paging", "pressure", "disk",        "network",
    "network_protocol", "files",        "limits", "sensor", "cgroup",   "filesystem",  "process",
    "process_info",     "process_exit", "event",  "self",   "gpu",      "gpu_process", "gpu_kernel",
    "container",        "alert",        "log"};

std::optional<FilePlan> plan(const std::string& stem, const Survey& survey) {
  FilePlan plan{.what = survey.is_long() ? "a file with several rows for a time"
                                         : "a file with a row for each time"};
  std::string name = table_name_of(stem);
  if (std::ranges::find(kOwnTables, name) != std::end(kOwnTables)) name += "_file";
  const FileColumns columns(survey);
  auto table =
      rest_as_it_is(name, "The rows of the file as they are.", survey, columns, plan.remarks);
  // A file of times alone has rows too.
  if (!table)
    table = TablePlan{.name = name, .help = "The times in the file.", .rows = {PlannedRow{}}};
  plan.tables.push_back(std::move(*table));
  return plan;
}

}  // namespace
const FileKind foreign_generic{plan};
}  // namespace tacho
