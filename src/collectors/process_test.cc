// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <set>

#include "collectors/command_usage.h"
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Machine;
using fixture::Watch;

constexpr std::size_t kProcess = 0, kInfo = 1, kExit = 2;

struct Figures {
  int pid = 100, parent = 1, threads = 1;
  std::int64_t user_ticks = 10, run_time = 100'000'000, resident = 2000, start = 5000;
  std::string command = "worker";
};

void write_process(Machine& machine, const Figures& of) {
  const std::string folder = fmt::format("proc/{}/", of.pid);
  machine.write(folder + "stat",
                fmt::format("{} ({}) S {} {} {} 0 -1 4194304 50 0 2 0 {} 5 0 0 20 0 {} 0 {} 8388608 {} "
                            "18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                            of.pid, of.command, of.parent, of.pid, of.pid, of.user_ticks, of.threads,
                            of.start, of.resident));
  machine.write(folder + "schedstat", fmt::format("{} 5000 {}\n", of.run_time, of.run_time / 1000));
  machine.write(folder + "statm", fmt::format("2048 {} 300 10 0 200 0\n", of.resident));
  machine.write(folder + "status", "Uid:\t1000\t1000\t1000\t1000\nGid:\t100\t100\t100\t100\n"
                                   "VmHWM:\t 9000 kB\nVmSwap:\t 4 kB\n"
                                   "voluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t3\n");
  machine.write(folder + "io", "rchar: 11\nwchar: 12\nread_bytes: 4096\nwrite_bytes: 8192\n");
  machine.write(folder + "cgroup", "0::/user.slice/session.scope\n");
  machine.write(folder + "cmdline", of.command + std::string("\0--password\0hunter2\0", 20));
  machine.write(folder + "limits", "Max open files            1024      4096      files\n");
  machine.write(folder + "oom_score", "666\n");
  machine.write(folder + "oom_score_adj", "0\n");
  machine.write(folder + "fd/0", "");
}

TEST(Process, DescribesAProcessOnce) {
  Machine machine;
  machine.write("etc/passwd", "someone:x:1000:100::/home/someone:/bin/sh\n");
  write_process(machine, {.pid = 1, .parent = 0, .command = "init"});
  write_process(machine, {.pid = 100});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  ASSERT_EQ(watch.size(kInfo), 2u);
  EXPECT_EQ(watch.text(1, "command", kInfo), "worker");
  EXPECT_EQ(watch.text(1, "arguments", kInfo), "worker --password '[removed]'");
  EXPECT_EQ(watch.text(1, "user", kInfo), "someone");
  EXPECT_EQ(watch.text(1, "cgroup", kInfo), "/user.slice/session.scope");
  EXPECT_EQ(watch.number(1, "parent_process", kInfo), watch.number(0, "process", kInfo));
  EXPECT_EQ(watch.number(1, "start_boottime", kInfo), 50'000'000'000);
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kInfo), 0u);
}

TEST(Process, GivesItsFigures) {
  Machine machine;
  write_process(machine, {.pid = 100});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  ASSERT_EQ(watch.size(), 1u);
  EXPECT_EQ(watch.number(0, "pid"), 100);
  EXPECT_EQ(watch.text(0, "state"), "S");
  EXPECT_EQ(watch.number(0, "cpu_time_user"), 100'000'000);
  EXPECT_EQ(watch.number(0, "cpu_time_system"), 50'000'000);
  EXPECT_EQ(watch.number(0, "cpu_time_main_thread"), 100'000'000);
  EXPECT_EQ(watch.number(0, "memory_usage"), 2000 * sysconf(_SC_PAGESIZE));
  EXPECT_EQ(watch.number(0, "memory_peak"), 9000 * 1024);
  EXPECT_EQ(watch.number(0, "memory_swap"), 4096);
  EXPECT_EQ(watch.number(0, "disk_io_read"), 4096);
  EXPECT_EQ(watch.number(0, "io_write"), 12);
  EXPECT_EQ(watch.number(0, "context_switches_involuntary"), 3);
  EXPECT_EQ(watch.number(0, "delay_block"), std::nullopt);  // the kernel does not count it
}

TEST(Process, WritesARowOnlyWhenSomethingChanged) {
  Machine machine;
  write_process(machine, {.pid = 100});
  write_process(machine, {.pid = 101});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  EXPECT_EQ(watch.size(), 2u);
  for (int turn = 0; turn < 10; ++turn) ASSERT_TRUE(watch.turn());  // their first key rows
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(), 0u);
  write_process(machine, {.pid = 101, .run_time = 100'500'000});  // ran for half a millisecond
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(), 1u);
  EXPECT_EQ(watch.number(0, "pid"), 101);
  write_process(machine, {.pid = 100, .resident = 1500});  // lost memory in its sleep
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(), 1u);
  EXPECT_EQ(watch.number(0, "pid"), 100);
}

// Without reclaim a sleeper's memory changes seldom: it is asked in turns.
TEST(Process, SeesASleeperLoseMemoryAtOnceWhenTheKernelReclaims) {
  Machine machine;
  machine.write("proc/vmstat", "pgsteal_kswapd 5\n");
  for (int pid = 100; pid < 120; ++pid) write_process(machine, {.pid = pid});
  Watch watch("process", machine);
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(watch.turn(turn == 0));
  const auto all_shrink = [&](std::int64_t resident) {
    for (int pid = 100; pid < 120; ++pid) write_process(machine, {.pid = pid, .resident = resident});
  };
  all_shrink(1500);
  machine.write("proc/vmstat", "pgsteal_kswapd 6\n");
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(), 20u);
  all_shrink(1000);
  std::set<std::int64_t> seen;
  for (int turn = 0; turn < 8; ++turn) {
    ASSERT_TRUE(watch.turn());
    EXPECT_LT(watch.size(), 20u) << "not all are asked";
    for (std::size_t row = 0; row < watch.size(); ++row)
      if (watch.number(row, "memory_usage") == 1000 * sysconf(_SC_PAGESIZE)) seen.insert(*watch.number(row, "pid"));
  }
  EXPECT_EQ(seen.size(), 20u);
}

TEST(Process, AsksTheStatOfOneWithThreads) {
  Machine machine;
  write_process(machine, {.pid = 100, .threads = 4});
  Watch watch("process", machine);
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(watch.turn(turn == 0));
  EXPECT_EQ(watch.size(), 0u);
  write_process(machine, {.pid = 100, .threads = 4, .user_ticks = 11});  // another thread ran
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(), 1u);
}

TEST(Process, HasAKeyRowWithinSixtyTicks) {
  Machine machine;
  for (int pid = 100; pid < 110; ++pid) write_process(machine, {.pid = pid});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  std::map<std::int64_t, int> seen, last;
  for (int turn = 1; turn <= 200; ++turn) {
    ASSERT_TRUE(watch.turn());
    for (std::size_t row = 0; row < watch.size(); ++row) {
      const std::int64_t pid = *watch.number(row, "pid");
      EXPECT_LE(turn - last[pid], 60) << pid;
      EXPECT_EQ(watch.number(row, "oom_score"), 666);
      last[pid] = turn;
      ++seen[pid];
    }
    EXPECT_LT(watch.size(), 10u);  // spread over the ticks
  }
  EXPECT_EQ(seen.size(), 10u);
}

TEST(Process, RepeatsAllInEveryNewFile) {
  Machine machine;
  for (int pid = 100; pid < 105; ++pid) write_process(machine, {.pid = pid});
  Watch watch("process", machine);
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(watch.turn(turn == 0));
  ASSERT_TRUE(watch.turn(true));
  EXPECT_EQ(watch.size(), 5u);
  EXPECT_EQ(watch.size(kInfo), 5u);
}

TEST(Process, SaysWhatItWasWhenItIsGone) {
  Machine machine;
  write_process(machine, {.pid = 100});
  write_process(machine, {.pid = 101, .user_ticks = 42});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  const auto number = watch.number(1, "process");
  machine.remove("proc/101");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "process", kExit), number);
  EXPECT_EQ(watch.text(0, "source", kExit), "poll");
  EXPECT_EQ(watch.number(0, "cpu_time_user", kExit), 420'000'000);
  EXPECT_EQ(watch.number(0, "memory_peak", kExit), 9000 * 1024);
  EXPECT_EQ(watch.number(0, "exit_code", kExit), std::nullopt);
}

TEST(Process, NeverUsesANumberTwice) {
  Machine machine;
  write_process(machine, {.pid = 100});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  const auto first = watch.number(0, "process");
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  write_process(machine, {.pid = 100, .start = 9000});
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(), 1u);
  EXPECT_NE(watch.number(0, "process"), first);
}

TEST(Process, DescribesAnewWhoTookAnotherName) {
  Machine machine;
  write_process(machine, {.pid = 100, .command = "sh"});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  write_process(machine, {.pid = 100, .run_time = 200'000'000, .command = "cc1plus"});
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kInfo), 1u);
  EXPECT_EQ(watch.text(0, "command", kInfo), "cc1plus");
}

TEST(Process, EscapesHostileNames) {
  Machine machine;
  write_process(machine, {.pid = 100, .command = "a) R 1\033[31m\xff"});
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  EXPECT_EQ(watch.text(0, "command", kInfo), "a) R 1\\x1b[31m\\xff");
  EXPECT_EQ(watch.text(0, "state"), "S");
}

TEST(Process, FollowsTheCommandsDescendants) {
  Machine machine;
  write_process(machine, {.pid = 100});
  write_process(machine, {.pid = 200, .parent = 100});
  write_process(machine, {.pid = 150, .parent = 200});  // a pid below its parent's
  write_process(machine, {.pid = 300, .parent = 1});
  Watch watch("process", machine, {}, 100);
  ASSERT_TRUE(watch.turn(true));
  for (std::size_t row = 0; row < watch.size(kInfo); ++row)
    EXPECT_EQ(watch.number(row, "in_command", kInfo), watch.number(row, "pid", kInfo) != 300);
}

}  // namespace
}  // namespace tacho
