// SPDX-License-Identifier: Apache-2.0
#include "kernel/mount_table.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

TEST(MountTable, ReadsALineWithAnyNumberOfOptionalFields) {
  for (const char* optional : {"", "shared:1 ", "shared:1 master:2 "}) {
    const std::string text = std::string("27 1 254:3 /sub /mnt/a\\040b rw,relatime ") + optional +
                             "- ext4 /dev/vda rw,discard";
    MountLine line;
    ASSERT_TRUE(parse_mount_line(text, line)) << text;
    EXPECT_EQ(line.major, 254);
    EXPECT_EQ(line.minor, 3);
    EXPECT_EQ(line.root, "/sub");
    EXPECT_EQ(line.point, "/mnt/a\\040b");
    EXPECT_EQ(line.type, "ext4");
    EXPECT_EQ(line.source, "/dev/vda");
    EXPECT_EQ(line.super_options, "rw,discard");
  }
}

TEST(MountTable, RefusesWhatIsNoLine) {
  MountLine line;
  for (const char* text : {"", "27 1 254 / / rw - ext4 a rw", "27 1 254:3 / / rw shared:1 ext4",
                           "27 1 254:3 / / rw -"})
    EXPECT_FALSE(parse_mount_line(text, line)) << text;
}

TEST(MountTable, UndoesTheKernelsEscapes) {
  std::string text;
  append_mount_text(text, "/a\\040b\\134c\\9\\01");
  EXPECT_EQ(text, "/a b\\c\\9\\01");
  text.clear();
  append_mount_text(text, "/end\\040");
  EXPECT_EQ(text, "/end ");
}

TEST(MountTable, FindsWholeWordsOfAList) {
  EXPECT_TRUE(has_option("rw,cpu,cpuacct", "cpu"));
  EXPECT_FALSE(has_option("rw,cpuacct", "cpu"));
  EXPECT_FALSE(has_option("", "cpu"));
}

}  // namespace
}  // namespace tacho
