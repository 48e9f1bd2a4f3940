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

TEST(CpuSplit, NeitherTimeGoesBackAndTheSumStaysExact) {
  struct Case {
    CpuSplit before, now, wanted;
  };
  for (const Case& one : {Case{{10, 5}, {12, 6}, {12, 6}}, Case{{20, 0}, {10, 11}, {20, 1}},
                          Case{{5, 15}, {16, 5}, {6, 15}}, Case{{}, {3, 4}, {3, 4}},
                          Case{{10, 10}, {9, 10}, {10, 10}}}) {
    const CpuSplit got = following(one.before, one.now);
    EXPECT_EQ(got.user, one.wanted.user);
    EXPECT_EQ(got.system, one.wanted.system);
  }
}

}  // namespace
}  // namespace tacho
