// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Watch;

constexpr std::int64_t kTick = 10'000'000;

TEST(Cpu, HasTimeByModeOfEveryCpu) {
  const Captured machine("amd-desktop");
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  ASSERT_EQ(cpu.size(), 2u);
  EXPECT_EQ(cpu.number(0, "cpu"), 0);
  EXPECT_EQ(cpu.number(1, "cpu"), 1);
  EXPECT_EQ(cpu.number(0, "time_user"), 100721 * kTick);
  EXPECT_EQ(cpu.number(0, "time_nice"), 756 * kTick);
  EXPECT_EQ(cpu.number(0, "time_idle"), 4605546 * kTick);
  EXPECT_EQ(cpu.number(0, "time_softirq"), 1155 * kTick);
  EXPECT_EQ(cpu.number(0, "time_guest"), 400 * kTick);
  EXPECT_EQ(cpu.number(1, "time_guest_nice"), 6 * kTick);
  EXPECT_EQ(cpu.number(0, "frequency"), 3'593'111'000);
}

TEST(Cpu, HasNoRowForOneThatIsOffline) {
  const Captured machine("intel-server");
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  ASSERT_EQ(cpu.size(), 3u);
  EXPECT_EQ(cpu.number(2, "cpu"), 3);
  EXPECT_EQ(cpu.number(2, "throttle_core"), 30);
  EXPECT_EQ(cpu.number(2, "throttle_package"), 31);
}

TEST(Cpu, ReadsFrequencyAndThrottlingEveryTenSeconds) {
  const Captured machine("intel-server");
  Watch cpu("cpu", machine);
  int told = 0;
  for (int second = 0; second < 21; ++second) {
    ASSERT_TRUE(cpu.turn());
    told += cpu.number(0, "frequency") ? 1 : 0;
    EXPECT_EQ(cpu.number(0, "frequency").has_value(), cpu.number(0, "throttle_core").has_value());
  }
  EXPECT_EQ(told, 3);  // at 0, 10 and 20 s
}

TEST(Cpu, RepeatsFrequencyAtTheFirstTickOfAJournal) {
  const Captured machine("intel-server");
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  ASSERT_TRUE(cpu.turn(true));
  EXPECT_TRUE(cpu.number(0, "frequency"));
}

TEST(Cpu, TakesFrequencyFromCpuinfoWithoutCpufreq) {
  const Captured machine("debian-vm");
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  EXPECT_EQ(cpu.number(1, "frequency"), 2'445'430'000);
  ASSERT_EQ(cpu.coverage().notes().size(), 1u);
  EXPECT_EQ(cpu.coverage().notes()[0].what, "throttle counts");
}

TEST(Cpu, IsNullForModesThatAnOldKernelLacks) {
  const Captured machine("centos-7");
  Watch cpu("cpu", machine);
  ASSERT_TRUE(cpu.turn());
  EXPECT_EQ(cpu.number(0, "time_iowait"), 50 * kTick);
  EXPECT_FALSE(cpu.number(0, "time_steal"));
}

}  // namespace
}  // namespace tacho
