// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(Files, HasOpenFilesAndInodesWithTheirLimits) {
  Machine machine;
  machine.write("proc/sys/fs/file-nr", "418\t0\t2466193\n");
  machine.write("proc/sys/fs/inode-nr", "49635\t12\n");
  Watch files("files", machine);
  ASSERT_TRUE(files.turn());
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files.number(0, "open"), 418);
  EXPECT_EQ(files.number(0, "limit"), 2466193);
  EXPECT_EQ(files.number(0, "inodes"), 49635);
  EXPECT_EQ(files.number(0, "inodes_free"), 12);
}

TEST(Files, ReadsWhatAMachineWrote) {
  const Captured machine("debian-vm");
  Watch files("files", machine);
  ASSERT_TRUE(files.turn());
  EXPECT_GT(files.number(0, "open"), 0);
}

}  // namespace
}  // namespace tacho
