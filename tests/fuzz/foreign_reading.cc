// SPDX-License-Identifier: Apache-2.0
#include "foreign_reading.h"

#include "foreign/foreign_table.h"
#include "foreign/plan.h"
#include "foreign/raw_file.h"
#include "foreign/table_rows.h"
#include "fuzz.h"
#include "query/rows.h"

namespace tacho::fuzz {
namespace {

// Of the kinds of files that go by their name, and one of none.
constexpr std::string_view kStems[] = {"samples",     "memory", "cpu",     "processes",
                                       "disk",        "nix-store", "network", "file-descriptors",
                                       "temperature", "process-limits", "fork-analysis"};

ForeignFile foreign_file(std::string_view bytes) {
  return {.name = "input", .stem = "input", .descriptor = memory_file(bytes), .size = bytes.size()};
}

void read_table(std::string_view bytes, const Survey& survey, const TablePlan& plan,
                const StampRule& stamp) {
  const ForeignFile file = foreign_file(bytes);
  const auto raw = open_raw(file);
  expect(static_cast<bool>(raw), "a file that was surveyed does not open again");
  const TableRows rows(plan, {}, stamp);
  RawRequest request{.columns = rows.needed()};
  for (std::size_t index = 0; index < survey.stretches.size(); ++index)
    request.stretches.push_back(index);
  (void)(*raw)->read(survey, request, [&](const RawChunk& chunk) -> Result<bool> {
    const Batch batch = TRY(rows.convert(chunk));
    return row_count(*batch) >= 0;
  });
}

}  // namespace

void read_foreign(std::string_view bytes) {
  // West of UTC and with a summer: local times are neither those of UTC nor unique.
  static const bool has_zone = (use_zone("EST5EDT,M3.2.0,M11.1.0"), true);
  expect(has_zone, "no zone");
  const ForeignFile file = foreign_file(bytes);
  const auto raw = open_raw(file);
  if (!raw) return;
  const auto survey = (*raw)->survey();
  if (!survey) return;
  const auto sent = survey_from(to_bytes(*survey));
  expect(static_cast<bool>(sent), "a survey does not arrive");
  if (sent->rows == 0 || sent->stretches.empty()) return;
  const StampRule ticks{.base = sent->low_time}, seconds{.base = sent->low_time,
                                                         .tick_span = 1'000'000'000};
  for (const std::string_view stem : kStems) {
    const FilePlan plan = plan_of(std::string(stem), *sent);
    const bool is_by_name = plan.what.find(stem) != std::string::npos;
    if (stem != kStems[0] && !is_by_name) continue;  // the same as of the first one
    for (const TablePlan& table : plan.tables)
      read_table(bytes, *sent, table, is_by_name ? seconds : ticks);
  }
}

}  // namespace tacho::fuzz
