// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Disk, HasEveryFigureOfALine) {
  const Captured machine("amd-desktop");
  Watch disk("disk", machine);
  ASSERT_TRUE(disk.turn());
  const auto row = disk.row_where("device", "nvme0n1");
  ASSERT_TRUE(row);
  EXPECT_EQ(disk.number(*row, "operations_read"), 184412);
  EXPECT_EQ(disk.number(*row, "merged_read"), 20511);
  EXPECT_EQ(disk.number(*row, "io_read"), std::int64_t{13022314} * 512);
  EXPECT_EQ(disk.number(*row, "operation_time_read"), std::int64_t{41023} * 1'000'000);
  EXPECT_EQ(disk.number(*row, "io_write"), std::int64_t{9123440} * 512);
  EXPECT_EQ(disk.number(*row, "in_flight"), 2);
  EXPECT_EQ(disk.number(*row, "io_time"), std::int64_t{61240} * 1'000'000);
  EXPECT_EQ(disk.number(*row, "io_discard"), std::int64_t{90123344} * 512);
  EXPECT_EQ(disk.number(*row, "operations_flush"), 9021);
  EXPECT_EQ(disk.number(*row, "operation_time_flush"), std::int64_t{3021} * 1'000'000);
}

TEST(Disk, TellsDisksPartitionsAndVirtualDevicesApart) {
  const Captured machine("amd-desktop");
  Watch disk("disk", machine);
  ASSERT_TRUE(disk.turn());
  const auto whole = disk.row_where("device", "nvme0n1");
  const auto partition = disk.row_where("device", "nvme0n1p2");
  const auto mapped = disk.row_where("device", "dm-0");
  ASSERT_TRUE(whole && partition && mapped);
  EXPECT_EQ(disk.text(*whole, "type"), "disk");
  EXPECT_FALSE(disk.text(*whole, "parent"));
  EXPECT_EQ(disk.text(*partition, "type"), "partition");
  EXPECT_EQ(disk.text(*partition, "parent"), "nvme0n1");
  EXPECT_EQ(disk.text(*mapped, "type"), "virtual");
}

TEST(Disk, LeavesOutLoopDevicesWithoutAnyIo) {
  const Captured machine("amd-desktop");
  Watch disk("disk", machine);
  ASSERT_TRUE(disk.turn());
  EXPECT_TRUE(disk.row_where("device", "loop0"));   // was read from
  EXPECT_FALSE(disk.row_where("device", "loop1"));
  const Captured vm("debian-vm");
  Watch only("disk", vm);
  ASSERT_TRUE(only.turn());
  EXPECT_EQ(only.size(), 1u);
}

TEST(Disk, IsNullForDiscardsOfAnOldKernel) {
  const Captured machine("centos-7");
  Watch disk("disk", machine);
  ASSERT_TRUE(disk.turn());
  ASSERT_EQ(disk.size(), 2u);
  EXPECT_EQ(disk.number(0, "io_time_weighted"), std::int64_t{98001} * 1'000'000);
  EXPECT_FALSE(disk.number(0, "operations_discard"));
  EXPECT_FALSE(disk.number(0, "operations_flush"));
}

TEST(Disk, FollowsDevicesThatComeAndGo) {
  Machine machine;
  machine.write("proc/diskstats", "8 0 sda 1 0 0 0 1 0 0 0 0 0 0\n"
                                  "8 16 sdb 2 0 0 0 1 0 0 0 0 0 0\n");
  Watch disk("disk", machine);
  ASSERT_TRUE(disk.turn());
  machine.write("proc/diskstats", "8 16 sdb 3 0 0 0 1 0 0 0 0 0 0\n"
                                  "8 32 sd\x1b[2J 4 0 0 0 1 0 0 0 0 0 0\n");
  ASSERT_TRUE(disk.turn());
  ASSERT_EQ(disk.size(), 2u);
  EXPECT_EQ(disk.text(0, "device"), "sdb");
  EXPECT_EQ(disk.number(0, "operations_read"), 3);
  EXPECT_EQ(disk.text(1, "device"), "sd\\x1b[2J");
}

}  // namespace
}  // namespace tacho
