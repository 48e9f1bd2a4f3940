// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(SelfTable, HasComponentsTheRecorderAndItsChildren) {
  const Machine machine;
  Watch self("self", machine);
  self.statistics.add("cpu", {.cpu_time = 100, .turns = 1, .rows = 2});
  self.statistics.add("cpu", {.cpu_time = 50, .turns = 1, .rows = 2, .skipped = 1});
  ASSERT_TRUE(self.turn());
  const auto cpu = self.row_where("component", "cpu");
  ASSERT_TRUE(cpu);
  EXPECT_EQ(self.number(*cpu, "cpu_time"), 150);
  EXPECT_EQ(self.number(*cpu, "rows"), 4);
  EXPECT_EQ(self.number(*cpu, "skipped"), 1);
  EXPECT_FALSE(self.number(*cpu, "memory_usage"));
  const auto recorder = self.row_where("component", "recorder");
  ASSERT_TRUE(recorder);
  EXPECT_GT(self.number(*recorder, "cpu_time"), 0);
  EXPECT_GT(self.number(*recorder, "memory_usage"), 1'000'000);
  EXPECT_GE(self.number(*recorder, "memory_peak"), 1'000'000);
  EXPECT_GT(self.number(*recorder, "descriptors"), 3);
  EXPECT_FALSE(self.number(*recorder, "turns"));
  EXPECT_TRUE(self.row_where("component", "children"));
}

TEST(SelfTable, TellsComponentsSeldomOnceTheRecordingIsUnderWay) {
  const Machine machine;
  Watch self("self", machine);
  self.statistics.add("cpu", {.turns = 1});
  int told = 0;
  for (int second = 0; second < 31; ++second) {
    ASSERT_TRUE(self.turn());
    told += self.row_where("component", "cpu") ? 1 : 0;
    EXPECT_TRUE(self.row_where("component", "recorder"));
  }
  EXPECT_EQ(told, 13);  // ten at the beginning, then at 10, 20 and 30 s
}

}  // namespace
}  // namespace tacho
