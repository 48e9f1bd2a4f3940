// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Watch;

TEST(Paging, HasFaultsReclaimAndThresholds) {
  const Captured machine("debian-vm");
  Watch paging("paging", machine);
  ASSERT_TRUE(paging.turn());
  ASSERT_EQ(paging.size(), 1u);
  EXPECT_GT(paging.number(0, "faults"), 1'000'000);
  EXPECT_GT(paging.number(0, "faults_major"), 1000);
  EXPECT_EQ(paging.number(0, "oom_kill"), 0);
  EXPECT_GT(paging.number(0, "dirty_threshold"), 1'000'000);
  EXPECT_TRUE(paging.number(0, "refault_file"));
  EXPECT_FALSE(paging.number(0, "allocation_stall"));  // this kernel counts by zone
}

TEST(Paging, KnowsTheNamesOfAnOldKernel) {
  const Captured machine("centos-7");
  Watch paging("paging", machine);
  ASSERT_TRUE(paging.turn());
  EXPECT_EQ(paging.number(0, "allocation_stall"), 5);
  EXPECT_EQ(paging.number(0, "refault"), 12);
  EXPECT_EQ(paging.number(0, "swap_in"), 3);
  EXPECT_EQ(paging.number(0, "swap_out"), 4);
  EXPECT_EQ(paging.number(0, "read_in"), 1055 * 1024);
  EXPECT_FALSE(paging.number(0, "oom_kill"));
}

}  // namespace
}  // namespace tacho
