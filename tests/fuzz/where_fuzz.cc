// SPDX-License-Identifier: Apache-2.0
// The expressions of --where, on columns of every type.
#include "foreign/table_rows.h"
#include "fuzz.h"
#include "query/predicate.h"

namespace tacho {
namespace {

const TablePlan& plan() {
  static const TablePlan plan{
      .name = "samples",
      .help = "Samples.",
      .columns = {{.name = "used", .type = Type::integer, .unit = "By", .help = "Used."},
                  {.name = "wait", .type = Type::integer, .unit = "ns", .help = "Waited."},
                  {.name = "load", .type = Type::real, .help = "Load."},
                  {.name = "host", .type = Type::text, .kind = Kind::text, .help = "Host."}},
      .rows = {{.keys = {}, .sources = {0, 1, 2, 3}}}};
  return plan;
}

// Two rows: one with values, one of nulls.
Batch rows() {
  RawChunk chunk;
  chunk.times = {1'763'990'000'000'000'000, 1'763'990'001'000'000'000};
  chunk.ticks = {0, 1};
  chunk.columns.resize(4);
  for (std::size_t index = 0; index < 3; ++index) {
    chunk.columns[index].begin(index == 2 ? Type::real : Type::integer, 2);
    chunk.columns[index].present[0] = 1;
  }
  RawValues& host = chunk.columns[3];
  host.begin(Type::text, 2);
  host.bytes = "node-1";
  host.ends = {6, 6};
  host.present[0] = 1;
  auto batch = TableRows(plan(), {}, {}).convert(chunk);
  fuzz::expect(static_cast<bool>(batch), "no rows can be made");
  return *batch;
}

}  // namespace

FUZZ_TARGET(where) {
  static const Batch batch = rows();
  static const Schema schema = schema_of(plan());
  constexpr Nanoseconds kNow{1'763'990'000'000'000'000};
  auto predicate = Predicate::parse(input, kNow);
  if (!predicate) {
    fuzz::expect(predicate.error().text.find('\n') == std::string::npos, "an error of several lines");
    return;
  }
  (void)predicate->columns();
  if (!predicate->bind(*schema)) return;
  const auto matches = predicate->evaluate(*batch);
  fuzz::expect(matches.size() == 2, "not a match for each row");
  const bool may = predicate->may_match([](std::string_view column) -> std::optional<ValueRange> {
    if (column == "used" || column == "wait") return ValueRange{.low = 0, .high = 0};
    if (column == "load") return ValueRange{.low_real = 0, .high_real = 0};
    if (column == "host") return ValueRange{.low_text = "node-1", .high_text = "node-1"};
    return std::nullopt;
  });
  fuzz::expect(may || (matches[0] == 0 && matches[1] == 0), "a chunk with a match is passed over");
}

}  // namespace tacho
