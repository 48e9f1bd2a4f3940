// SPDX-License-Identifier: Apache-2.0
#include "kernel/reclaim_watch.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace tacho {
namespace {

class ReclaimWatchTest : public testing::Test {
 protected:
  ReclaimWatchTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "tacho-reclaim-XXXXXX";
    folder_ = mkdtemp(pattern.data());
    std::filesystem::create_directory(folder_ / "proc");
  }
  ~ReclaimWatchTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& text) const { std::ofstream(folder_ / "proc/vmstat") << text; }
  Root root() const { return Root::open(folder_).value(); }
  std::filesystem::path folder_;
};

TEST_F(ReclaimWatchTest, TellsWhenReclaimMoved) {
  write("nr_free_pages 5\npgsteal_kswapd 10\npgscan_direct 0\npgfault 7\n");
  ReclaimWatch watch = ReclaimWatch::create(root());
  EXPECT_TRUE(watch.moved()) << "before the first look anything may have been";
  EXPECT_FALSE(watch.moved());
  write("nr_free_pages 6\npgsteal_kswapd 10\npgscan_direct 0\npgfault 9\n");
  EXPECT_FALSE(watch.moved()) << "these counters say nothing about sleepers";
  write("nr_free_pages 6\npgsteal_kswapd 10\npgscan_direct 3\npgfault 9\n");
  EXPECT_TRUE(watch.moved());
  EXPECT_FALSE(watch.moved());
}

TEST_F(ReclaimWatchTest, SaysYesWhereTheKernelDoesNotTell) {
  ReclaimWatch watch = ReclaimWatch::create(root());
  EXPECT_TRUE(watch.moved());
  EXPECT_TRUE(watch.moved());
}

TEST_F(ReclaimWatchTest, ReadsTheMachine) {
  ReclaimWatch watch = ReclaimWatch::create(Root::open().value());
  EXPECT_TRUE(watch.moved());
}

}  // namespace
}  // namespace tacho
