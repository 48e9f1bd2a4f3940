// SPDX-License-Identifier: Apache-2.0
// What the confined process sends of a file: the one that asked must not trust it.
#include "foreign/foreign_table.h"
#include "foreign/plan.h"
#include "fuzz.h"

namespace tacho {
namespace {

void use_table(const std::shared_ptr<const TableSource>& table) {
  (void)table->figures(std::nullopt, std::nullopt);
  (void)table->schema();
  for (const Segment& segment : table->segments()) {
    auto reader = table->open(segment, std::make_shared<FindingLog>());
    fuzz::expect(static_cast<bool>(reader), "a table does not open");
    (void)(*reader)->summary();
    std::set<std::string> columns = {"tick", "used", "x"};
    (void)table->take_off_filled(segment, {}, columns);
  }
}

}  // namespace

FUZZ_TARGET(survey) {
  auto survey = survey_from(std::string(input));
  if (!survey || survey->rows == 0 || survey->stretches.empty()) return;
  const StampRule stamp{.base = survey->low_time};
  const FilePlan plan = plan_of("memory", *survey);
  const auto file = std::make_shared<const SurveyedForeign>(
      std::make_shared<ForeignFile>(), std::move(*survey), "UTC0", stamp);
  for (const TablePlan& table : plan.tables) use_table(make_foreign_table(file, table));
}

}  // namespace tacho
