// SPDX-License-Identifier: Apache-2.0
#include "kernel/cgroup_mounts.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tacho {
namespace {

CgroupMounts mounts_of(std::string_view mountinfo) {
  std::string folder = std::filesystem::temp_directory_path() / "tacho-mounts-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) std::abort();
  std::filesystem::create_directories(folder + "/proc/self");
  std::ofstream(folder + "/proc/self/mountinfo") << mountinfo;
  CgroupMounts mounts = CgroupMounts::read(Root::open(folder).value());
  std::filesystem::remove_all(folder);
  return mounts;
}

constexpr std::string_view kBoth =
    "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
    "35 31 0:32 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
    "41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n";

TEST(CgroupMounts, KnowTheHierarchiesOfBothVersions) {
  const CgroupMounts mounts = mounts_of(kBoth);
  ASSERT_EQ(mounts.hierarchies().size(), 3u);
  EXPECT_EQ(mounts.version_1("cpuacct")->folder, "sys/fs/cgroup/cpu,cpuacct");
  EXPECT_EQ(mounts.version_1("rw"), nullptr);
  EXPECT_EQ(mounts.version_2()->folder, "sys/fs/cgroup/unified");
}

TEST(CgroupMounts, PlaceAProcessInVersion1BeforeVersion2) {
  const CgroupMounts mounts = mounts_of(kBoth);
  constexpr std::string_view kProcess = "8:pids:/a\n2:cpu,cpuacct:/b\n0::/c:d/e\n";
  EXPECT_EQ(mounts.place_of(kProcess, "pids").path, "/a");
  EXPECT_EQ(mounts.place_of(kProcess, "cpu").path, "/b");
  EXPECT_EQ(mounts.place_of(kProcess, "memory").path, "/c:d/e");
  EXPECT_EQ(mounts.place_of(kProcess, "memory").folder, "sys/fs/cgroup/unified");
}

TEST(CgroupMounts, TakePathsBelowWhatIsMounted) {
  const CgroupMounts mounts =
      mounts_of("41 31 0:38 /docker/x /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");
  EXPECT_EQ(mounts.place_of("0::/docker/x/y\n", "pids").path, "/y");
  EXPECT_EQ(mounts.place_of("0::/docker/x\n", "pids").path, "");
  EXPECT_EQ(mounts.place_of("0::/docker/xy\n", "pids").path, "/docker/xy");
  EXPECT_EQ(mounts.place_of("0::/../other\n", "pids").path, "");
}

TEST(CgroupMounts, KnowNothingWhereNothingIsMounted) {
  const CgroupMounts mounts = mounts_of("27 1 254:0 / / rw - ext4 /dev/vda rw\n");
  EXPECT_TRUE(mounts.hierarchies().empty());
  EXPECT_TRUE(mounts.place_of("0::/a\n", "pids").folder.empty());
}

}  // namespace
}  // namespace tacho
