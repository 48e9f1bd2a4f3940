// SPDX-License-Identifier: Apache-2.0
// Processes of which the kernel's events tell, beside what /proc shows: told by a script.
#include <gtest/gtest.h>

#include <map>

#include "collectors/command_usage.h"
#include "collectors/process_lives_fixture.h"

namespace tacho {
namespace {

using fixture::exec_of;
using fixture::exit_of;
using fixture::fork_of;
using fixture::kExit;
using fixture::kInfo;
using fixture::kProcess;
using fixture::kStart;
using fixture::Machine;
using fixture::ToldLives;
using fixture::Watch;
using fixture::write_living;

TEST(ProcessLives, AProcessThatLivedBetweenTwoTicksIsWhole) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 50, 1, 'S', 0);
  ToldLives lives;
  lives.events = {{}, {fork_of(100, 50), exec_of(100, std::string_view("cc1plus\0--token\0geheim\0a\nb\0", 27)), exit_of(100)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  const auto parent = watch.number(0, "process", kInfo);
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kInfo), 1u);
  EXPECT_EQ(watch.number(0, "parent_process", kInfo), parent);
  EXPECT_EQ(watch.number(0, "parent_pid", kInfo), 50);
  EXPECT_EQ(watch.text(0, "command", kInfo), "cc1plus");
  EXPECT_EQ(watch.text(0, "executable", kInfo), "/usr/bin/cc1plus");
  EXPECT_EQ(watch.text(0, "arguments", kInfo), "cc1plus --token '[removed]' a\\x0ab");
  EXPECT_EQ(watch.text(0, "cgroup", kInfo), "/system.slice/build.service") << "its parent's";
  EXPECT_EQ(watch.text(0, "unit", kInfo), "build.service");
  EXPECT_EQ(watch.number(0, "start_boottime", kInfo), kStart);
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "process", kExit), watch.number(0, "process", kInfo));
  EXPECT_EQ(watch.text(0, "source", kExit), "bpf");
  EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
  EXPECT_EQ(watch.number(0, "signal", kExit), std::nullopt);
  EXPECT_EQ(watch.number(0, "core_dumped", kExit), 0);
  EXPECT_EQ(watch.number(0, "cpu_time_system", kExit), 234);
  EXPECT_EQ(watch.number(0, "memory_peak", kExit), 20 << 20);
  EXPECT_EQ(watch.number(0, "disk_io_read", kExit), std::nullopt) << "unknown is not 0";
}

TEST(ProcessLives, OneFoundBeforeItsEventHasOneNumber) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  lives.events = {{}, {}, {fork_of(100, 1)}, {exit_of(100)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  write_living(machine, 100, 1);
  ASSERT_TRUE(watch.turn());
  const auto number = watch.number(0, "process", kInfo);
  ASSERT_TRUE(number);
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kInfo), 0u) << "not a second process";
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "process", kExit), number);
  EXPECT_EQ(watch.text(0, "source", kExit), "bpf");
  EXPECT_EQ(watch.number(0, "disk_io_read", kExit), std::nullopt);
  EXPECT_EQ(watch.number(0, "memory_peak", kExit), 20 << 20) << "the account, not the last look";
}

TEST(ProcessLives, AnEndThatComesAfterTheLookIsStillItsEnd) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  ToldLives lives;
  lives.events = {{}, {}, {exit_of(100)}};  // at the second take of the second turn
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.text(0, "source", kExit), "bpf");
  EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
}

TEST(ProcessLives, AnEndOfWhichNobodyToldIsPolled) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  ToldLives lives;
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kExit), 0u) << "its exact end may be on its way";
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.text(0, "source", kExit), "poll");
  EXPECT_EQ(watch.number(0, "exit_code", kExit), std::nullopt);
}

TEST(ProcessLives, AZombieIsLookedAtUntilItIsReaped) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  lives.events = {{}, {fork_of(100, 1), exit_of(100)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  write_living(machine, 100, 1, 'Z');
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kExit), 0u);
  ASSERT_EQ(watch.size(kProcess), 1u);
  EXPECT_EQ(watch.text(0, "state"), "Z");
  const auto number = watch.number(0, "process");
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "process", kExit), number);
  EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
}

TEST(ProcessLives, ANameThatLooksLikeTheEscapeOfTheOneBeforeIsAnother) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  lives.events = {{}, {fork_of(100, 1), exit_of(100)}};
  lives.events.back().front().command = "\n";
  lives.events.back().back().command = "\\x0a";
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kInfo), 1u);
  EXPECT_EQ(watch.text(0, "command", kInfo), "\\x5cx0a");
}

TEST(ProcessLives, OneWhoseAccountIsCompleteIsNoZombie) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  lives.events = {{}, {fork_of(100, 1), exec_of(100, "cc1plus"), exit_of(100)}};
  lives.events.back().back().account.is_complete = true;
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  write_living(machine, 100, 1, 'Z', kStart + 10'000'000);  // its successor
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
  EXPECT_EQ(watch.text(0, "arguments", kInfo), "cc1plus");
  ASSERT_EQ(watch.size(kProcess), 1u);
  EXPECT_NE(watch.number(0, "process"), watch.number(0, "process", kExit));
}

TEST(ProcessLives, APidThatComesAgainIsAnotherProcess) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  const std::int64_t later = kStart + 50'000'000;
  lives.events = {{}, {fork_of(100, 1), exit_of(100), fork_of(100, 1, later), exit_of(100, later)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 2u);
  EXPECT_NE(watch.number(0, "process", kExit), watch.number(1, "process", kExit));
}

TEST(ProcessLives, APidThatComesAgainWithoutAnEndInBetweenEndsTheFirst) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  const std::int64_t later = kStart + 50'000'000;
  lives.events = {{}, {fork_of(100, 1), fork_of(100, 1, later), exit_of(100, later)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 2u);
  const std::size_t first = watch.number(0, "process", kExit) < watch.number(1, "process", kExit) ? 0 : 1;
  EXPECT_EQ(watch.text(first, "source", kExit), "poll");
  EXPECT_EQ(watch.text(1 - first, "source", kExit), "bpf");
}

TEST(ProcessLives, AnEndThatIsToldTwiceIsOne) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  ToldLives lives;
  const auto without_start = [](LifeEvent event) {
    event.start_boottime.reset();
    return event;
  };
  const LifeEvent end = without_start(exit_of(100)), young_end = without_start(exit_of(200));
  lives.events = {{}, {fork_of(200, 1), young_end, young_end, end, end}, {end}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kExit), 2u);
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(kExit), 0u);
}

TEST(ProcessLives, DescentFollowsForksWhateverBecameOfTheParents) {
  Machine machine;
  machine.write("proc/loadavg", "");
  ToldLives lives;
  CommandUsage usage;
  // The command forks a child that forks a daemon and ends; init is its parent by now.
  lives.events = {{exec_of(100, "make")},
                  {fork_of(101, 100), fork_of(102, 101), exit_of(101), fork_of(103, 1)},
                  {fork_of(104, 102), exit_of(104)}};
  Watch watch("process", machine, {}, 100, &lives, &usage);
  write_living(machine, 100, 1);
  ASSERT_TRUE(watch.turn(true));
  write_living(machine, 102, 1);
  write_living(machine, 103, 1);
  ASSERT_TRUE(watch.turn());
  std::map<std::int64_t, std::int64_t> in_command;
  for (std::size_t row = 0; row < watch.size(kInfo); ++row)
    in_command[*watch.number(row, "pid", kInfo)] = *watch.number(row, "in_command", kInfo);
  EXPECT_EQ(in_command, (std::map<std::int64_t, std::int64_t>{{101, 1}, {102, 1}, {103, 0}}));
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.number(0, "in_command", kInfo), 1);
  EXPECT_EQ(usage.processes_seen, 4) << "100, 101, 102, 104";
  EXPECT_EQ(usage.memory_peak_largest, 20 << 20);
  EXPECT_EQ(usage.read_bytes, 0);
}

TEST(ProcessLives, AnExecIsDescribedAsItWasEvenWhenTheProcessIsGone) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  ToldLives lives;
  lives.events = {{}, {exec_of(100, std::string_view("cc1plus\0x.cc\0", 13)), exit_of(100)}};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kInfo), 1u);
  EXPECT_EQ(watch.text(0, "arguments", kInfo), "cc1plus x.cc");
}

TEST(ProcessLives, JobsAreInherited) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  machine.write("proc/100/environ", std::string_view("SLURM_JOB_ID=4711\0SECRET=x\0", 27));
  ToldLives lives;
  lives.events = {{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {fork_of(101, 100), exit_of(101)}};
  Watch watch("process", machine, {}, 0, &lives);
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(watch.turn(turn == 0));
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kInfo), 1u);
  EXPECT_EQ(watch.text(0, "job", kInfo), "slurm:4711");
}

}  // namespace
}  // namespace tacho
