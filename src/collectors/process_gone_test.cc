// SPDX-License-Identifier: Apache-2.0
// Walks in the kernel, and processes of whose end nobody told.
#include <gtest/gtest.h>

#include "collectors/process_lives_fixture.h"

namespace tacho {
namespace {

using fixture::exit_of;
using fixture::fork_of;
using fixture::kExit;
using fixture::kInfo;
using fixture::kStart;
using fixture::Machine;
using fixture::ToldLives;
using fixture::walked;
using fixture::Watch;
using fixture::write_living;

TEST(ProcessGone, AWalkTakesTheLivingOverAndFindsNewOnes) {
  Machine machine;
  machine.write("proc/loadavg", "");
  machine.write("proc/vmstat", "pgsteal_kswapd 5\n");
  for (int pid = 100; pid < 140; ++pid) write_living(machine, pid, 1);
  ToldLives lives;
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  const auto number = watch.number(5, "process");
  lives.has_walker = true;
  for (int pid = 100; pid < 140; ++pid) lives.walk.rows.push_back(walked(pid, 1000));
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(), 40u) << "exact figures are other ones than those of 10 ms";
  EXPECT_EQ(watch.number(5, "process"), number);
  EXPECT_EQ(watch.number(5, "cpu_time_user"), 1000);
  EXPECT_EQ(watch.number(5, "memory_peak"), std::nullopt);
  for (const int pid : {300, 99, 200}) write_living(machine, pid, 1);
  lives.walk.rows = {walked(99, 5), walked(105, 2000), walked(200, 5), walked(300, 5), walked(400, 5)};
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(), 4u) << "400 is gone already";
  EXPECT_EQ(watch.size(kInfo), 3u);
  lives.walk.rows = {walked(99, 5), walked(105, 3000)};
  ASSERT_TRUE(watch.turn());
  EXPECT_EQ(watch.size(), 2u) << "that an idle one is told of is its turn for a key row";
  EXPECT_EQ(lives.walk.asked_for_all, (std::vector<bool>{true, false, false}));
  machine.write("proc/vmstat", "pgsteal_kswapd 6\n");
  ASSERT_TRUE(watch.turn());
  EXPECT_TRUE(lives.walk.asked_for_all.back()) << "sleepers may have lost memory";
  EXPECT_EQ(watch.size(), 0u) << "but they did not";
}

TEST(ProcessGone, WithWalksWhoIsGoneIsToldOrFound) {
  Machine machine;
  machine.write("proc/loadavg", "");
  machine.write("proc/vmstat", "pgsteal_kswapd 5\n");
  for (int pid = 100; pid < 103; ++pid) write_living(machine, pid, 1);
  ToldLives lives;
  lives.has_walker = true;
  for (int pid = 100; pid < 103; ++pid) lives.walk.rows.push_back(walked(pid, 1000));
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  EXPECT_EQ(watch.size(), 3u);
  lives.walk.rows.clear();
  lives.events = {{exit_of(100), exit_of(101)}};
  machine.remove("proc/100");  // 101 is a zombie
  machine.remove("proc/102");  // and of this one's end nobody tells
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "pid", kExit), 100);
  machine.remove("proc/101");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
  int turns = 0;
  while (watch.size(kExit) == 0 || turns == 0) {
    ASSERT_TRUE(watch.turn());
    ASSERT_LE(++turns, 62);
  }
  EXPECT_EQ(watch.number(0, "pid", kExit), 102);
  EXPECT_EQ(watch.text(0, "source", kExit), "poll");
}

TEST(ProcessGone, WithoutTheWalkerProcIsReadAgain) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  ToldLives lives;
  lives.has_walker = true;
  lives.walk.rows = {walked(100, 1000)};
  Watch watch("process", machine, {}, 0, &lives);
  ASSERT_TRUE(watch.turn(true));
  const auto number = watch.number(0, "process");
  lives.walk.is_broken = true;
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(), 1u);
  EXPECT_EQ(watch.number(0, "process"), number);
  EXPECT_EQ(watch.number(0, "cpu_time_main_thread"), 1000);
}

TEST(ProcessGone, OneWhoseEndGotLostBeforeItWasFoundHasItsRows) {
  for (const bool has_walker : {false, true}) {
    Machine machine;
    machine.write("proc/loadavg", "");
    machine.write("proc/vmstat", "");
    write_living(machine, 50, 1, 'S', 0);
    ToldLives lives;
    lives.has_walker = has_walker;
    lives.events = {{}, {fork_of(100, 50)}, {}, {}};
    lives.missed = 1;
    Watch watch("process", machine, {}, 0, &lives);
    ASSERT_TRUE(watch.turn(true));
    // Its end may still be on its way.
    ASSERT_TRUE(watch.turn());
    EXPECT_EQ(watch.size(kExit), 0u);
    int turns = 0;
    while (watch.size(kExit) == 0 && ++turns < 100) ASSERT_TRUE(watch.turn());
    ASSERT_EQ(watch.size(kExit), 1u) << has_walker;
    EXPECT_EQ(watch.number(0, "pid", kExit), 100);
    EXPECT_EQ(watch.text(0, "source", kExit), "poll");
    EXPECT_EQ(watch.number(0, "exit_time", kExit), std::nullopt) << "nobody knows when";
    EXPECT_EQ(watch.number(0, "last_boottime", kExit), kStart);
    EXPECT_EQ(watch.number(0, "parent_pid", kInfo), 50);
    ASSERT_TRUE(watch.turn());
    EXPECT_EQ(watch.size(kExit), 0u);
  }
}

TEST(ProcessGone, OneThatIsNotListedLivesWhereNothingWasLostOrProcHidesIt) {
  for (const bool is_hidden : {false, true}) {
    Machine machine;
    machine.write("proc/loadavg", "");
    machine.write("proc/self/mountinfo",
                  is_hidden ? "22 1 0:21 / /proc rw,nosuid - proc proc rw,hidepid=invisible\n" : "");
    write_living(machine, 50, 1, 'S', 0);
    ToldLives lives;
    lives.events = {{}, {fork_of(100, 50)}};
    lives.missed = is_hidden ? 1 : 0;
    Watch watch("process", machine, {}, 0, &lives);
    ASSERT_TRUE(watch.turn(true));
    for (int turn = 0; turn < 10; ++turn) {
      ASSERT_TRUE(watch.turn());
      ASSERT_EQ(watch.size(kExit), 0u) << is_hidden;
    }
    lives.events = {{exit_of(100)}};
    ASSERT_TRUE(watch.turn());
    ASSERT_EQ(watch.size(kExit), 1u);
    EXPECT_EQ(watch.number(0, "exit_code", kExit), 7);
  }
}

TEST(ProcessGone, OneThatWasSeenAsAZombieKeepsItsPeak) {
  Machine machine;
  machine.write("proc/loadavg", "");
  write_living(machine, 100, 1);
  Watch watch("process", machine);
  ASSERT_TRUE(watch.turn(true));
  EXPECT_EQ(watch.number(0, "memory_peak"), 1200 * 1024);
  write_living(machine, 100, 1, 'Z');
  machine.write("proc/100/schedstat", "2000 10 2\n");
  machine.write("proc/100/statm", "0 0 0 0 0 0 0\n");
  machine.write("proc/100/status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\n");
  ASSERT_TRUE(watch.turn());
  machine.remove("proc/100");
  ASSERT_TRUE(watch.turn());
  ASSERT_EQ(watch.size(kExit), 1u);
  EXPECT_EQ(watch.number(0, "memory_peak", kExit), 1200 * 1024);
}

}  // namespace
}  // namespace tacho
