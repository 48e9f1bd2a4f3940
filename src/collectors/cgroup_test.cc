// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

constexpr std::string_view kScope =
    "/system.slice/docker-3f4c8ad0b3e5d7f1a2c4e6f80912b4d6e8fa0c1e2d3f4a5b6c7d8e9fa0b1c2d3.scope";

TEST(Cgroup, HasTheFiguresOfVersion2) {
  const Captured machine("amd-desktop");
  Watch cgroups("cgroup", machine);
  ASSERT_TRUE(cgroups.turn());
  EXPECT_EQ(cgroups.size(), 7u);
  const auto row = cgroups.row_where("cgroup", kScope);
  ASSERT_TRUE(row);
  EXPECT_EQ(cgroups.text(*row, "engine"), "docker");
  EXPECT_EQ(cgroups.text(*row, "container"), kScope.substr(21, 64));
  EXPECT_EQ(cgroups.number(*row, "cpu_time"), std::int64_t{3'000'000} * 1000);
  EXPECT_EQ(cgroups.number(*row, "cpu_time_user"), std::int64_t{2'250'000} * 1000);
  EXPECT_EQ(cgroups.number(*row, "cpu_throttled_periods"), 7);
  EXPECT_EQ(cgroups.number(*row, "cpu_throttled_time"), 350'000'000);
  EXPECT_EQ(cgroups.number(*row, "cpu_quota"), 150'000'000);
  EXPECT_EQ(cgroups.number(*row, "cpu_quota_period"), 100'000'000);
  EXPECT_EQ(cgroups.number(*row, "memory_usage"), 200'000'000);
  EXPECT_EQ(cgroups.number(*row, "memory_limit"), 268'435'456);
  EXPECT_EQ(cgroups.number(*row, "memory_peak"), 400'000'000);
  EXPECT_EQ(cgroups.number(*row, "memory_anonymous"), 100'000'000);
  EXPECT_EQ(cgroups.number(*row, "memory_inactive_file"), 25'000'000);
  EXPECT_EQ(cgroups.number(*row, "memory_limit_hits"), 12);
  EXPECT_EQ(cgroups.number(*row, "memory_oom_kill"), 1);
  EXPECT_EQ(cgroups.number(*row, "io_read"), 1048576 + 4096);  // of two devices
  EXPECT_EQ(cgroups.number(*row, "operations_write"), 1);
  EXPECT_EQ(cgroups.number(*row, "task_count"), 9);
  EXPECT_FALSE(cgroups.number(*row, "task_limit"));
  EXPECT_EQ(cgroups.number(*row, "io_pressure_full"), 2'500'000);
  const auto top = cgroups.row_where("cgroup", "/");
  ASSERT_TRUE(top);
  EXPECT_FALSE(cgroups.number(*top, "memory_usage"));  // the top has no such file
  EXPECT_TRUE(cgroups.coverage().notes().empty());
}

TEST(Cgroup, JoinsTheHierarchiesOfVersion1AndOfBoth) {
  const Captured machine("debian-vm");
  Watch cgroups("cgroup", machine);
  ASSERT_TRUE(cgroups.turn());
  const auto job = cgroups.row_where("cgroup", "/build/job-7");
  ASSERT_TRUE(job);
  EXPECT_EQ(cgroups.number(*job, "cpu_time"), 1234567890);
  EXPECT_EQ(cgroups.number(*job, "cpu_time_user"), 1'000'000'000);
  EXPECT_TRUE(cgroups.number(*job, "memory_usage"));
  EXPECT_FALSE(cgroups.number(*job, "memory_limit"));  // version 1's word for none
  EXPECT_EQ(cgroups.number(*job, "memory_oom_kill"), 0);
  EXPECT_EQ(cgroups.number(*job, "task_limit"), 512);
  EXPECT_EQ(cgroups.number(*job, "task_limit_hits"), 3);
  EXPECT_FALSE(cgroups.number(*job, "io_read"));  // not in that hierarchy
  const auto top = cgroups.row_where("cgroup", "/");
  ASSERT_TRUE(top);
  EXPECT_GT(cgroups.number(*top, "io_pressure_some"), 0);  // version 2
  EXPECT_GT(cgroups.number(*top, "cpu_time"), 0);
  EXPECT_EQ(cgroups.number(*top, "io_write"), 0);
}

TEST(Cgroup, FollowsGroupsThatComeAndGo) {
  Machine machine("amd-desktop");
  Watch cgroups("cgroup", machine);
  ASSERT_TRUE(cgroups.turn());
  machine.remove("sys/fs/cgroup/user.slice/user-1000.slice/session-2.scope");
  machine.write("sys/fs/cgroup/new\xff.slice/cpu.stat", "usage_usec 5\n");
  ASSERT_TRUE(cgroups.turn());
  EXPECT_EQ(cgroups.size(), 7u);
  const auto row = cgroups.row_where("cgroup", "/new\\xff.slice");
  ASSERT_TRUE(row);
  EXPECT_EQ(cgroups.number(*row, "cpu_time"), 5000);
  EXPECT_FALSE(cgroups.row_where("cgroup", "/user.slice/user-1000.slice/session-2.scope"));
}

TEST(Cgroup, ReadsAGroupThatDidNothingOnceAMinute) {
  Machine machine("amd-desktop");
  Watch cgroups("cgroup", machine);
  ASSERT_TRUE(cgroups.turn());
  const std::string group = "sys/fs/cgroup/system.slice/ssh.service/";
  const auto tasks = [&] {
    return cgroups.number(*cgroups.row_where("cgroup", "/system.slice/ssh.service"), "task_count");
  };
  machine.write(group + "pids.current", "10\n");
  machine.write(group + "pids.max", "20\n");
  ASSERT_TRUE(cgroups.turn());
  EXPECT_EQ(tasks(), 9);
  machine.write(group + "cpu.stat", "usage_usec 40001\n");
  ASSERT_TRUE(cgroups.turn());
  EXPECT_EQ(tasks(), 10);
  machine.write(group + "pids.current", "11\n");
  machine.write(group + "pids.max", "max\n");
  ASSERT_TRUE(cgroups.turn(false, std::chrono::seconds(60)));
  EXPECT_EQ(tasks(), 11);
  const auto row = cgroups.row_where("cgroup", "/system.slice/ssh.service");
  EXPECT_FALSE(cgroups.number(*row, "task_limit"));
}

TEST(Cgroup, CountsWhatIsBeyondItsLimit) {
  const Captured machine("amd-desktop");
  Watch cgroups("cgroup", machine, {"max=3"});
  ASSERT_TRUE(cgroups.turn());
  EXPECT_EQ(cgroups.size(), 3u);
  EXPECT_TRUE(cgroups.row_where("cgroup", "/"));
  ASSERT_EQ(cgroups.coverage().notes().size(), 1u);
  EXPECT_EQ(cgroups.coverage().notes()[0].what, "4 control groups beyond the first 3");
  EXPECT_EQ(cgroups.coverage().notes()[0].remedy, "--set cgroup.max=7");
}

TEST(Cgroup, IsAbsentWithoutMountedGroups) {
  const Machine machine;
  EXPECT_EQ(Watch("cgroup", machine).error.code, ErrorCode::absent);
}

TEST(Cgroup, RefusesAWrongLimit) {
  const Captured machine("amd-desktop");
  EXPECT_EQ(Watch("cgroup", machine, {"max=many"}).error.code, ErrorCode::invalid);
  EXPECT_EQ(Watch("cgroup", machine, {"max=0"}).error.code, ErrorCode::invalid);
}

}  // namespace
}  // namespace tacho
