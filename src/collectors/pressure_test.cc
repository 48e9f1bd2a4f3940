// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Pressure, HasTotalsInNanosecondsForEachResource) {
  const Captured machine("amd-desktop");
  Watch pressure("pressure", machine);
  ASSERT_TRUE(pressure.turn());
  ASSERT_EQ(pressure.size(), 4u);
  const auto cpu = pressure.row_where("resource", "cpu");
  const auto memory = pressure.row_where("resource", "memory");
  const auto irq = pressure.row_where("resource", "irq");
  ASSERT_TRUE(cpu && memory && irq);
  EXPECT_EQ(pressure.number(*cpu, "some"), std::int64_t{8163134} * 1000);
  EXPECT_EQ(pressure.number(*memory, "full"), 55 * 1000);
  EXPECT_FALSE(pressure.number(*irq, "some"));  // interrupts have no such line
  EXPECT_EQ(pressure.number(*irq, "full"), 91 * 1000);
  EXPECT_TRUE(pressure.coverage().notes().empty());
}

TEST(Pressure, IsAbsentWhenTheKernelHasNone) {
  const Captured machine("centos-7");
  const Watch pressure("pressure", machine);
  EXPECT_FALSE(pressure.made());
  EXPECT_EQ(pressure.error.code, ErrorCode::absent);
  EXPECT_NE(pressure.error.text.find("psi=1"), std::string::npos);
}

TEST(Pressure, SaysWhichResourceIsMissing) {
  Machine machine("amd-desktop");
  machine.remove("proc/pressure/io");
  Watch pressure("pressure", machine);
  ASSERT_TRUE(pressure.turn());
  ASSERT_EQ(pressure.coverage().notes().size(), 1u);
  EXPECT_EQ(pressure.coverage().notes()[0].what, "io");
}

}  // namespace
}  // namespace tacho
