// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_files.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

constexpr std::string_view kStat =
    "4242 (tmux: a) (b)) S 1 4242 4241 34816 4300 4194560 61047 1200 33 7 1234 567 8 9 20 -5 3 0 "
    "35074 1234567168 2048 18446744073709551615 1 1 0 0 0 0 0 4096 134 0 0 0 17 1 0 0 25 0 0 0 0 0 "
    "0 0 0 0 0\n";

TEST(ProcessFiles, ReadsStatWithBracketsInTheName) {
  const auto stat = parse_process_stat(kStat);
  ASSERT_TRUE(stat);
  EXPECT_EQ(stat->command, "tmux: a) (b)");
  EXPECT_EQ(stat->state, 'S');
  EXPECT_EQ(stat->parent, 1);
  EXPECT_EQ(stat->session, 4241);
  EXPECT_EQ(stat->faults_minor, 61047);
  EXPECT_EQ(stat->faults_major, 33);
  EXPECT_EQ(stat->user_time, 12'340'000'000);
  EXPECT_EQ(stat->system_time, 5'670'000'000);
  EXPECT_EQ(stat->nice, -5);
  EXPECT_EQ(stat->threads, 3);
  EXPECT_EQ(stat->start_ticks, 35074);
  EXPECT_EQ(stat->virtual_size, 1234567168);
  EXPECT_EQ(stat->resident_pages, 2048);
  EXPECT_EQ(stat->block_delay, 250'000'000);
}

TEST(ProcessFiles, RefusesWhatIsNoStat) {
  EXPECT_FALSE(parse_process_stat(""));
  EXPECT_FALSE(parse_process_stat("1 (cut"));
  EXPECT_FALSE(parse_process_stat("1 (a) S 0 1"));
  for (std::size_t size = 0; size < kStat.size(); ++size) (void)parse_process_stat(kStat.substr(0, size));
}

TEST(ProcessFiles, ReadsStatusAndLeavesOutWhatAKernelThreadLacks) {
  const auto status = parse_process_status(
      "Name:\tbash\nUid:\t1000\t1001\t1000\t1000\nGid:\t100\t101\t100\t100\nNSpid:\t4242\t17\n"
      "VmHWM:\t    5120 kB\nVmSwap:\t      12 kB\nvoluntary_ctxt_switches:\t150\n"
      "nonvoluntary_ctxt_switches:\t545\n");
  EXPECT_EQ(status.resident_peak, 5120 * 1024);
  EXPECT_EQ(status.swap, 12 * 1024);
  EXPECT_EQ(status.user, 1001);
  EXPECT_EQ(status.group, 101);
  EXPECT_EQ(status.inner_pid, 17);
  EXPECT_EQ(status.switches_voluntary, 150);
  EXPECT_EQ(status.switches_involuntary, 545);
  const auto kernel = parse_process_status("Name:\tkthreadd\nUid:\t0\t0\t0\t0\n");
  EXPECT_FALSE(kernel.resident_peak);
  EXPECT_FALSE(kernel.swap);
}

TEST(ProcessFiles, ReadsIo) {
  const auto io = parse_process_io(
      "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 5\nwrite_bytes: 6\n"
      "cancelled_write_bytes: 7\n");
  EXPECT_EQ(io.read_characters, 1);
  EXPECT_EQ(io.write_characters, 2);
  EXPECT_EQ(io.read_bytes, 5);
  EXPECT_EQ(io.write_bytes, 6);
}

TEST(ProcessFiles, ChoosesTheControlGroupThatSaysSomething) {
  EXPECT_EQ(parse_process_cgroup("0::/user.slice/a.scope\n"), "/user.slice/a.scope");
  EXPECT_EQ(parse_process_cgroup("12:pids:/x\n5:memory:/docker/abc\n0::/\n"), "/docker/abc");
  EXPECT_EQ(parse_process_cgroup("4:cpu,cpuacct:/jobs/1\n0::/\n"), "/jobs/1");
  EXPECT_EQ(parse_process_cgroup("0::/\n"), "/");
}

TEST(ProcessFiles, ReadsTheLimitOfOpenFiles) {
  const std::string_view text =
      "Limit                     Soft Limit           Hard Limit           Units     \n"
      "Max open files            1024                 1048576              files     \n";
  EXPECT_EQ(parse_open_files_limit(text), 1024);
  EXPECT_FALSE(parse_open_files_limit("Max open files            unlimited  unlimited files\n"));
  EXPECT_FALSE(parse_open_files_limit(""));
}

}  // namespace
}  // namespace tacho
