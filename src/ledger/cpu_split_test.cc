// SPDX-License-Identifier: Apache-2.0
#include "ledger/cpu_split.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

TEST(CpuSplit, KeepsTheExactSumInTheSampledProportion) {
  EXPECT_EQ(split_cpu_time(1000, 4, 12).system, 750);
  EXPECT_EQ(split_cpu_time(1000, 4, 12).user, 250);
  EXPECT_EQ(split_cpu_time(1001, 1, 2).user + split_cpu_time(1001, 1, 2).system, 1001);
  EXPECT_EQ(split_cpu_time(1000, 0, 0).user, 1000);
  EXPECT_EQ(split_cpu_time(1000, 0, 5).system, 1000);
  EXPECT_EQ(split_cpu_time(1000, 5, 0).user, 1000);
  constexpr std::int64_t kYears = 3'000'000'000'000'000'000;
  EXPECT_EQ(split_cpu_time(kYears, kYears, kYears).system, kYears / 2);
}

}  // namespace
}  // namespace tacho
