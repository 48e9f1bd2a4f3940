// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Memory, HasEveryFieldOfMeminfoInBytes) {
  const Captured machine("debian-vm");
  Watch memory("memory", machine);
  ASSERT_TRUE(memory.made());
  ASSERT_TRUE(memory.turn());
  ASSERT_EQ(memory.size(), 1u);
  EXPECT_EQ(memory.number(0, "limit"), std::int64_t{24684096} * 1024);
  EXPECT_EQ(memory.number(0, "huge_page_size"), 2048 * 1024);
  EXPECT_EQ(memory.number(0, "huge_pages_limit"), 0);
  EXPECT_EQ(memory.number(0, "vmalloc_limit"), std::int64_t{34359738367} * 1024);
  EXPECT_TRUE(memory.number(0, "active_anonymous"));
  EXPECT_TRUE(memory.coverage().notes().empty()) << memory.coverage().notes()[0].what;
}

TEST(Memory, IsNullForWhatAnOldKernelLacks) {
  const Captured machine("centos-7");
  Watch memory("memory", machine);
  ASSERT_TRUE(memory.turn());
  EXPECT_EQ(memory.number(0, "available"), std::int64_t{3346112} * 1024);
  EXPECT_EQ(memory.number(0, "huge_pages_limit"), 10);  // a count, not kB
  EXPECT_FALSE(memory.number(0, "per_cpu"));
}

TEST(Memory, SaysWhichFieldsHaveNoColumn) {
  const Captured machine("amd-desktop");
  Watch memory("memory", machine);
  ASSERT_TRUE(memory.turn());
  ASSERT_EQ(memory.coverage().notes().size(), 1u);
  EXPECT_NE(memory.coverage().notes()[0].what.find("NewField"), std::string::npos);
}

TEST(Memory, FindsFieldsThatMove) {
  Machine machine;
  machine.write("proc/meminfo", "MemTotal: 100 kB\nMemFree: 10 kB\n");
  Watch memory("memory", machine);
  ASSERT_TRUE(memory.turn());
  machine.write("proc/meminfo", "MemFree: 20 kB\nMemTotal: 200 kB\n");
  ASSERT_TRUE(memory.turn());
  EXPECT_EQ(memory.number(0, "limit"), 200 * 1024);
  EXPECT_EQ(memory.number(0, "free"), 20 * 1024);
}

TEST(Memory, IsAbsentWithoutMeminfo) {
  const Machine machine;
  const Watch memory("memory", machine);
  EXPECT_FALSE(memory.made());
  EXPECT_EQ(memory.error.code, ErrorCode::absent);
}

}  // namespace
}  // namespace tacho
