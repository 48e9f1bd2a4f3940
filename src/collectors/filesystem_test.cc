// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

// A line of mountinfo for a folder of the test machine, with the number of the disk that it is on.
std::string mount_line(const Machine& machine, std::string_view root, std::string_view point,
                       std::string_view options, std::string_view type) {
  struct stat status {};
  EXPECT_EQ(stat(machine.folder().c_str(), &status), 0);
  return "20 1 " + std::to_string(major(status.st_dev)) + ":" +
         std::to_string(minor(status.st_dev)) + " " + std::string(root) + " " + std::string(point) +
         " " + std::string(options) + " shared:1 - " + std::string(type) + " /dev/sda rw\n";
}

TEST(Filesystem, HasSpaceAndInodesOfWhatIsMounted) {
  Machine machine;
  machine.write("mnt/a b/file", "x");
  machine.write("proc/self/mountinfo",
                mount_line(machine, "/", "/mnt/a\\040b", "ro,relatime", "ext4"));
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  ASSERT_EQ(filesystem.size(), 1u);
  EXPECT_EQ(filesystem.text(0, "mountpoint"), "/mnt/a b");
  EXPECT_EQ(filesystem.text(0, "device"), "/dev/sda");
  EXPECT_EQ(filesystem.text(0, "type"), "ext4");
  EXPECT_EQ(filesystem.text(0, "mode"), "ro");
  const auto limit = filesystem.number(0, "limit");
  ASSERT_TRUE(limit);
  EXPECT_GT(*limit, 0);
  std::int64_t sum = 0;
  for (const char* state : {"usage_used", "usage_free", "usage_reserved"})
    sum += filesystem.number(0, state).value_or(-1);
  EXPECT_EQ(sum, *limit);
}

TEST(Filesystem, LeavesOutWhatIsNotRealAndSecondMountsOfADevice) {
  const Captured machine("amd-desktop");
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  for (std::size_t row = 0; row < filesystem.size(); ++row) {
    const auto type = filesystem.text(row, "type").value_or("");
    EXPECT_TRUE(type == "ext4" || type == "vfat" || type == "nfs4" || type == "btrfs") << type;
    EXPECT_NE(filesystem.text(row, "mountpoint"), "/srv/ho me");  // a bind mount of /home
  }
  // Subvolumes share a number and are two.
  EXPECT_TRUE(filesystem.row_where("mountpoint", "/mnt/pool"));
  EXPECT_TRUE(filesystem.row_where("mountpoint", "/mnt/snap"));
}

TEST(Filesystem, HasARowWithoutFiguresForOneThatDoesNotAnswer) {
  const Captured machine("amd-desktop");
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  const auto row = filesystem.row_where("mountpoint", "/net/data");
  ASSERT_TRUE(row);
  EXPECT_FALSE(filesystem.number(*row, "limit"));
  EXPECT_EQ(filesystem.coverage().notes().size(), 1u);
}

TEST(Filesystem, PrefersTheMountThatShowsTheWhole) {
  Machine machine;
  machine.write("part/file", "x");
  machine.write("whole/file", "x");
  machine.write("proc/self/mountinfo", mount_line(machine, "/sub", "/part", "rw", "xfs") +
                                           mount_line(machine, "/", "/whole", "rw", "xfs"));
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  ASSERT_EQ(filesystem.size(), 1u);
  EXPECT_EQ(filesystem.text(0, "mountpoint"), "/whole");
}

TEST(Filesystem, HasNoRowForAMountThatAnotherOneHides) {
  Machine machine;
  machine.write("mnt/file", "x");
  machine.write("proc/self/mountinfo", "20 1 0:9999 / /mnt rw - ext4 /dev/sdb rw\n");
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  EXPECT_EQ(filesystem.size(), 0u);
}

TEST(Filesystem, AsksRemoteOnesAndFollowsChanges) {
  Machine machine;
  machine.write("net/file", "x");
  machine.write("proc/self/mountinfo", mount_line(machine, "/", "/net", "rw", "nfs4"));
  Watch filesystem("filesystem", machine);
  ASSERT_TRUE(filesystem.turn());
  ASSERT_EQ(filesystem.size(), 1u);
  EXPECT_TRUE(filesystem.number(0, "limit"));
  ASSERT_TRUE(filesystem.turn());
  EXPECT_TRUE(filesystem.number(0, "limit"));
  machine.write("proc/self/mountinfo", "");
  ASSERT_TRUE(filesystem.turn());
  EXPECT_EQ(filesystem.size(), 0u);
}

TEST(Filesystem, RefusesAWrongInterval) {
  const Captured machine("amd-desktop");
  EXPECT_EQ(Watch("filesystem", machine, {"interval=0"}).error.code, ErrorCode::invalid);
}

}  // namespace
}  // namespace tacho
