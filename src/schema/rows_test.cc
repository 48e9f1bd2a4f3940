// SPDX-License-Identifier: Apache-2.0
#include "schema/rows.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

constexpr Column kColumns[] = {{.name = "number", .type = Type::integer}, {.name = "word", .type = Type::text}};
constexpr Table kTable{.name = "example", .columns = kColumns};

const ColumnData& column(const Rows& rows, std::size_t index) { return rows.columns()[kStampColumns + index]; }

bool is_present(const ColumnData& data, std::size_t row) { return (data.present[row / 64] >> (row % 64) & 1) != 0; }

TEST(Rows, ForgetsAllOfATickInTheNext) {
  Rows rows(kTable);
  rows.begin({.tick = 1});
  for (std::int64_t row = 0; row < 200; ++row) rows.append(row, "word");
  rows.begin({.tick = 2});
  ASSERT_EQ(rows.size(), 0u);
  for (int row = 0; row < 200; ++row) rows.append(std::nullopt, std::nullopt);
  EXPECT_EQ(column(rows, 0).null_count(200), 200u);
  EXPECT_EQ(column(rows, 1).null_count(200), 200u);
  EXPECT_EQ(column(rows, 0).words[199], 0u);
  EXPECT_EQ(column(rows, 1).ends[199], 0);
  EXPECT_EQ(rows.columns()[0].words[199], 2u);
}

TEST(Rows, ForgetsARowThatWasNotFinished) {
  for (const int finished : {0, 64}) {
    Rows rows(kTable);
    rows.begin({.tick = 1});
    for (int row = 0; row < finished; ++row) rows.append(7, "word");
    rows.start_row();
    rows.set(0, 7);
    rows.begin({.tick = 2});
    for (int row = 0; row <= finished; ++row) rows.append(std::nullopt, std::nullopt);
    const auto last = static_cast<std::size_t>(finished);
    EXPECT_FALSE(is_present(column(rows, 0), last)) << finished;
    EXPECT_EQ(column(rows, 0).words[last], 0u) << finished;
  }
}

TEST(Rows, CountsNullsOfTheRowsThatAreThere) {
  Rows rows(kTable);
  rows.begin({});
  for (std::int64_t row = 0; row < 130; ++row) {
    rows.start_row();
    if (row % 2 == 0) rows.set(0, row);
    rows.finish_row();
  }
  EXPECT_EQ(column(rows, 0).null_count(130), 65u);
  EXPECT_EQ(column(rows, 1).null_count(130), 130u);
  EXPECT_EQ(rows.columns()[0].null_count(130), 0u);
}

}  // namespace
}  // namespace tacho
