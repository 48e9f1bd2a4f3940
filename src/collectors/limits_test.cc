// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Limits, HasTheMachinesLimitsAndWhatIsUsed) {
  const Captured machine("amd-desktop");
  Watch limits("limits", machine, {}, 4321);
  ASSERT_TRUE(limits.turn());
  ASSERT_EQ(limits.size(), 1u);
  EXPECT_EQ(limits.number(0, "task_count"), 812);
  EXPECT_EQ(limits.number(0, "task_limit"), 255719);
  EXPECT_EQ(limits.number(0, "pid_limit"), 4194304);
  EXPECT_EQ(limits.number(0, "overcommit_mode"), 2);
  EXPECT_EQ(limits.number(0, "committed"), std::int64_t{12000000} * 1024);
  EXPECT_EQ(limits.number(0, "commit_limit"), std::int64_t{16393988} * 1024);
  EXPECT_EQ(limits.number(0, "memory_reserve"), 67584 * 1024);
  EXPECT_EQ(limits.number(0, "user_task_limit"), 4096);  // the soft one
}

TEST(Limits, TakesTheNearestGroupThatLimitsTasks) {
  Machine machine("amd-desktop");
  Watch limits("limits", machine, {}, 4321);
  ASSERT_TRUE(limits.turn());
  EXPECT_EQ(limits.text(0, "cgroup"), "/user.slice/user-1000.slice/session-2.scope");
  EXPECT_EQ(limits.number(0, "cgroup_task_count"), 9);
  EXPECT_FALSE(limits.number(0, "cgroup_task_limit"));  // max
  machine.write("proc/4321/cgroup", "0::/user.slice/user-1000.slice/gone.scope\n");
  ASSERT_TRUE(limits.turn(false, std::chrono::seconds(10)));
  EXPECT_EQ(limits.text(0, "cgroup"), "/user.slice/user-1000.slice");
  EXPECT_EQ(limits.number(0, "cgroup_task_limit"), 25190);
}

TEST(Limits, KnowsVersion1AndTheRecorderWithoutACommand) {
  const Captured machine("debian-vm");
  Watch limits("limits", machine);
  ASSERT_TRUE(limits.turn());
  EXPECT_EQ(limits.text(0, "cgroup"), "/build/job-7");
  EXPECT_EQ(limits.number(0, "cgroup_task_count"), 17);
  EXPECT_EQ(limits.number(0, "cgroup_task_limit"), 512);
  EXPECT_EQ(limits.number(0, "user_task_limit"), 96365);
}

TEST(Limits, ReadsCommittedMemoryAtEveryTickOnlyWhereItIsLimited) {
  Machine machine("amd-desktop");
  Watch limits("limits", machine);
  ASSERT_TRUE(limits.turn());
  ASSERT_TRUE(limits.turn());
  EXPECT_TRUE(limits.number(0, "committed"));
  machine.write("proc/sys/vm/overcommit_memory", "0\n");
  ASSERT_TRUE(limits.turn(false, std::chrono::seconds(10)));
  EXPECT_TRUE(limits.number(0, "committed"));
  ASSERT_TRUE(limits.turn());
  EXPECT_FALSE(limits.number(0, "committed"));
  EXPECT_EQ(limits.number(0, "overcommit_mode"), 0);
}

TEST(Limits, CountsTheTasksOfAnOrdinaryUser) {
  const Machine machine("amd-desktop");
  // The files belong to who runs the test: root's tasks are not counted, anybody else's are.
  Watch limits("limits", machine, {}, 4321);
  ASSERT_TRUE(limits.turn());
  EXPECT_EQ(limits.number(0, "user"), static_cast<std::int64_t>(getuid()));
  if (getuid() == 0) {
    EXPECT_FALSE(limits.number(0, "user_task_count"));
    ASSERT_EQ(chown((machine.folder() + "/proc/4321").c_str(), 1000, 1000), 0);
    ASSERT_EQ(chown((machine.folder() + "/proc/4322").c_str(), 1000, 1000), 0);
    ASSERT_TRUE(limits.turn(false, std::chrono::seconds(10)));
  }
  EXPECT_EQ(limits.number(0, "user_task_count"), 8);  // 3 threads and 5
}

TEST(Limits, GoesOnWhenTheCommandIsGone) {
  Machine machine("amd-desktop");
  machine.remove("proc/4321");
  Watch limits("limits", machine, {}, 4321);
  ASSERT_TRUE(limits.turn());
  EXPECT_EQ(limits.number(0, "task_limit"), 255719);
  EXPECT_FALSE(limits.number(0, "user"));
  EXPECT_FALSE(limits.text(0, "cgroup"));
  EXPECT_EQ(limits.coverage().notes().size(), 1u);
}

}  // namespace
}  // namespace tacho
