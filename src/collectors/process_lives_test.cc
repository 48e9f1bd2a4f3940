// SPDX-License-Identifier: Apache-2.0
// Processes of which the kernel's events tell, beside what /proc shows: told by a script.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <map>

#include "collectors/command_usage.h"
#include "collectors/fixture.h"
#include "ledger/life.h"
#include "ledger/walk.h"

namespace tacho {
namespace {

using fixture::Machine;
using fixture::Watch;

constexpr std::size_t kProcess = 0, kInfo = 1, kExit = 2;
// Watch's clock stands here at its first turn; a process of start tick t was born at t x 10 ms.
constexpr std::int64_t kStart = 1'001'000'000'000;

// Walks over what it was given.
class ToldWalker final : public ProcessWalker {
 public:
  Result<Walk> walk(bool all) override {
    asked_for_all.push_back(all);
    if (is_broken) return Error{ErrorCode::io, "broken"};
    return Walk{.changed = rows, .living = static_cast<std::int64_t>(rows.size())};
  }
  std::vector<WalkedProcess> rows;
  std::vector<bool> asked_for_all;
  bool is_broken = false;
};

// Says what it was given, in one call or in several.
class ToldLives final : public LifeSource {
 public:
  ProcessWalker* walker() override { return has_walker ? &walk : nullptr; }
  ToldWalker walk;
  bool has_walker = false;
  std::string_view name() const override { return "bpf"; }
  Result<void> take(const std::function<void(const LifeEvent&)>& each) override {
    if (events.empty()) return {};
    for (const LifeEvent& event : events.front()) each(event);
    events.pop_front();
    return {};
  }
  std::optional<std::int64_t> lost() const override { return 0; }
  std::deque<std::vector<LifeEvent>> events;
};

LifeEvent fork_of(int pid, int parent, std::int64_t at = kStart) {
  return {.kind = LifeEvent::Kind::fork, .pid = pid, .boottime = at, .source = "bpf",
          .start_boottime = at, .parent_pid = parent, .command = "sh"};
}
LifeEvent exec_of(int pid, std::string_view arguments, std::int64_t start = kStart) {
  return {.kind = LifeEvent::Kind::exec, .pid = pid, .boottime = start + 1000, .source = "bpf",
          .start_boottime = start, .command = "cc1plus", .executable = "/usr/bin/cc1plus",
          .arguments = arguments};
}
LifeEvent exit_of(int pid, std::int64_t start = kStart) {
  LifeEvent event{.kind = LifeEvent::Kind::exit, .pid = pid, .boottime = start + 5'000'000,
                  .source = "bpf", .start_boottime = start, .exit_code = 7, .core_dumped = false};
  event.account = {.cpu_time_user = 1000, .cpu_time_system = 234, .memory_peak = 20 << 20};
  return event;
}

void write_living(Machine& machine, int pid, int parent, char state = 'S', std::int64_t start = kStart) {
  const std::string folder = fmt::format("proc/{}/", pid);
  machine.write(folder + "stat",
                fmt::format("{} (sh) {} {} 1 1 0 -1 4194304 50 0 2 0 1 5 0 0 20 0 1 0 {} 8388608 {} "
                            "0 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                            pid, state, parent, start / 10'000'000, 300));
  machine.write(folder + "schedstat", "1000 10 1\n");
  machine.write(folder + "statm", "2048 300 300 10 0 200 0\n");
  machine.write(folder + "status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nVmHWM:\t 1200 kB\n");
  machine.write(folder + "cgroup", "0::/system.slice/build.service\n");
  machine.write(folder + "cmdline", std::string_view("sh\0", 3));
}

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
  EXPECT_EQ(watch.text(0, "source", kExit), "poll");
  EXPECT_EQ(watch.text(1, "source", kExit), "bpf");
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

WalkedProcess walked(int pid, std::int64_t cpu_time, std::int64_t start = kStart) {
  WalkedProcess row{};
  row.pid = pid;
  row.start_boottime = start;
  row.parent_pid = 1;
  row.state = 'S';
  row.cpu_time_user = cpu_time;
  row.memory_usage = 300 * 4096;
  row.memory_peak = row.memory_swap = -1;
  row.memory_virtual = 8388608;
  row.thread_count = 1;
  std::memcpy(row.command, "sh", 3);
  return row;
}

TEST(ProcessLives, AWalkTakesTheLivingOverAndFindsNewOnes) {
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

TEST(ProcessLives, WithWalksWhoIsGoneIsToldOrFound) {
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

TEST(ProcessLives, WithoutTheWalkerProcIsReadAgain) {
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
