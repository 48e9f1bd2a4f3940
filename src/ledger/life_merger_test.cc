// SPDX-License-Identifier: Apache-2.0
#include "ledger/life_merger.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace tacho {
namespace {

using Kind = ConnectorEvent::Kind;
constexpr std::int64_t kOffset = 1'000'000;
constexpr std::int64_t kOpened = 1'000;

// A merger with what it emitted; processes in `living` have threads.
struct Merging {
  explicit Merging(bool connector, bool taskstats) : merger({connector, taskstats, kOpened}) {}

  void tell(Kind kind, int pid, std::int64_t monotonic, std::uint32_t status = 0, int thread = 0) {
    merger.add({.kind = kind, .pid = pid, .thread = thread != 0 ? thread : pid, .monotonic = monotonic,
                .parent_pid = 7, .status = status},
               kOffset, emit);
  }
  // Sent at `now`; the process began 100 before.
  void record(int thread, std::optional<int> process, bool is_last, bool with_sum, std::int64_t now,
              std::uint32_t status = 0) {
    TaskRecord out{.pid = thread, .process = process, .is_last = is_last, .status = status,
                   .command = "name" + std::to_string(thread), .age = 100, .cpu = 1000, .user = 3, .system = 1,
                   .memory_peak = 4096 * thread, .faults_minor = 10};
    if (with_sum) out.sum = TaskRecord::Process{.pid = process.value_or(50)};
    merger.add(out, now, now, kOffset);
  }
  void settle(std::int64_t take = 0) {
    merger.find_gone([this](int pid) { return !living.contains(pid); }, true);
    merger.settle(take, emit);
  }

  std::set<int> living;
  std::vector<LifeEvent> ends;
  std::vector<std::string> commands;
  LifeMerger::Emit emit = [this](const LifeEvent& event) {
    commands.emplace_back(event.command);
    ends.push_back(event);
    ends.back().command = {};
  };
  LifeMerger merger;
};

TEST(LifeMerger, EndsAProcessWithItsLeaderWhenNoThreadIsLeft) {
  Merging it(true, false);
  it.tell(Kind::leader_exit, 50, 2000, 0x700);
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].pid, 50);
  EXPECT_EQ(it.ends[0].boottime, 2000 + kOffset);
  EXPECT_EQ(it.ends[0].exit_code, 7);
  EXPECT_FALSE(it.ends[0].signal);
  EXPECT_EQ(it.ends[0].core_dumped, false);
  EXPECT_EQ(it.ends[0].parent_pid, 7);
  EXPECT_FALSE(it.ends[0].account.cpu_time_user);
  it.settle();
  EXPECT_EQ(it.ends.size(), 1U);
}

TEST(LifeMerger, SaysTheSignalAndTheCoreDump) {
  Merging it(true, false);
  it.tell(Kind::leader_exit, 50, 2000, 0x80 | 11);
  it.settle();
  EXPECT_EQ(it.ends[0].signal, 11);
  EXPECT_EQ(it.ends[0].core_dumped, true);
  EXPECT_FALSE(it.ends[0].exit_code);
}

TEST(LifeMerger, WaitsForTheLastThreadOfAProcessWhoseLeaderWentFirst) {
  Merging it(true, false);
  it.living = {50};
  it.tell(Kind::leader_exit, 50, 2000, 0);
  it.settle(1);
  it.settle(9);
  EXPECT_TRUE(it.ends.empty());
  it.living = {};
  it.settle(9);  // gone, and the news of it not here yet
  EXPECT_TRUE(it.ends.empty());
  it.tell(Kind::thread_exit, 50, 3000, 0x300, 51);
  it.settle(10);
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].boottime, 3000 + kOffset);
  EXPECT_EQ(it.ends[0].exit_code, 3);
}

TEST(LifeMerger, DoesNotTakeAnExecByAThreadForTheEnd) {
  Merging it(true, false);
  it.living = {50};
  it.tell(Kind::leader_exit, 50, 2000, 9);
  it.settle();
  it.tell(Kind::exec, 50, 2001);
  it.living = {};  // not asked: only an exit of the leader can be the end
  it.settle();
  EXPECT_TRUE(it.ends.empty());
  it.tell(Kind::leader_exit, 50, 4000, 0x100);
  it.settle();
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].exit_code, 1);
}

TEST(LifeMerger, MakesOneEndOfExitAndAccount) {
  Merging it(true, true);
  it.record(50, 50, true, false, 1900, 0x200);
  it.settle(1);
  EXPECT_TRUE(it.ends.empty());
  it.tell(Kind::leader_exit, 50, 2000, 0x200);
  it.settle(1);
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].exit_code, 2);
  EXPECT_EQ(it.ends[0].boottime, 2000 + kOffset);
  EXPECT_EQ(it.ends[0].account.cpu_time_user, 750);
  EXPECT_EQ(it.ends[0].account.cpu_time_system, 250);
  EXPECT_EQ(it.ends[0].account.memory_peak, 4096 * 50);
  EXPECT_EQ(it.commands[0], "name50");
}

TEST(LifeMerger, AsksTheKernelOnlyOfThoseWhoseAccountDoesNotSayIt) {
  Merging it(true, true);
  std::vector<int> asked;
  const auto turn = [&](bool all) {
    it.merger.find_gone([&asked](int pid) { asked.push_back(pid); return true; }, all);
  };
  it.tell(Kind::leader_exit, 49, 1000);
  turn(false);
  EXPECT_EQ(asked, std::vector<int>{49}) << "whether accounts say of which process they are is not known yet";
  it.record(49, 49, true, false, 1000);
  it.merger.settle(1, it.emit);
  ASSERT_EQ(it.ends.size(), 1U);
  asked.clear();
  it.tell(Kind::leader_exit, 50, 2000);
  it.tell(Kind::leader_exit, 51, 2001);
  turn(false);
  it.record(50, 50, true, false, 2000);
  it.record(51, 51, true, true, 2001);  // it had threads: a sibling's account may be on its way
  it.merger.settle(1, it.emit);
  EXPECT_TRUE(asked.empty());
  ASSERT_EQ(it.ends.size(), 2U);
  EXPECT_EQ(it.ends[1].pid, 50);
  turn(false);
  it.tell(Kind::leader_exit, 52, 3000);  // of this one no account comes
  turn(true);
  it.merger.settle(1, it.emit);
  EXPECT_EQ(asked, (std::vector<int>{51, 52}));
  ASSERT_EQ(it.ends.size(), 3U);
  it.merger.settle(9, it.emit);
  EXPECT_EQ(it.ends.size(), 4U);
}

TEST(LifeMerger, SumsTheThreads) {
  Merging it(true, true);
  it.record(51, 50, false, false, 1900);
  it.tell(Kind::leader_exit, 50, 2000, 0);
  // The last one's may come out of its processor's socket before a sibling's.
  it.record(50, 50, true, true, 2000);
  it.record(52, 50, false, false, 2000);
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].account.paging_faults_minor, 30);
  EXPECT_EQ(*it.ends[0].account.cpu_time_user + *it.ends[0].account.cpu_time_system, 3000);
  EXPECT_EQ(it.ends[0].account.memory_peak, 4096 * 52);
  EXPECT_EQ(it.commands[0], "name50");
}

TEST(LifeMerger, KnowsNoSumOfAProcessThatHadThreadsBeforeItListened) {
  Merging it(true, true);
  it.record(50, 50, true, true, kOpened + 50);  // born 50 before
  it.tell(Kind::leader_exit, 50, kOpened + 60, 0);
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_FALSE(it.ends[0].account.paging_faults_minor);
  EXPECT_FALSE(it.ends[0].account.cpu_time_user);
  EXPECT_EQ(it.ends[0].account.memory_peak, 4096 * 50);
  // One that never had threads has it all in one record.
  it.record(60, 60, true, false, kOpened + 50);
  it.tell(Kind::leader_exit, 60, kOpened + 60, 0);
  it.settle();
  EXPECT_EQ(it.ends[1].account.paging_faults_minor, 10);
}

TEST(LifeMerger, KnowsNoSumWhereRecordsWereLost) {
  Merging it(true, true);
  it.record(51, 50, false, false, 2000);
  it.merger.forget_sums(2050);
  it.record(50, 50, true, true, 2060);
  it.tell(Kind::leader_exit, 50, 2060, 0);
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_FALSE(it.ends[0].account.paging_faults_minor);
}

TEST(LifeMerger, GivesTheHalfThatItHasAtTheSecondTake) {
  Merging it(true, true);
  it.tell(Kind::leader_exit, 50, 2000, 0x100);
  it.record(60, 60, true, false, 2000, 0x200);
  it.living = {60};
  it.settle(0);
  it.settle(1);
  EXPECT_TRUE(it.ends.empty());
  it.settle(2);
  ASSERT_EQ(it.ends.size(), 2U);
  EXPECT_EQ(it.ends[0].exit_code, 1);
  EXPECT_FALSE(it.ends[0].account.paging_faults_minor);
  EXPECT_EQ(it.ends[1].exit_code, 2);
  EXPECT_EQ(it.ends[1].account.paging_faults_minor, 10);
}

TEST(LifeMerger, EndsTheProcessBeforeWhenItsNumberIsGivenAgain) {
  Merging it(true, true);
  it.tell(Kind::leader_exit, 50, 2000, 0x100);
  it.living = {50};  // the next one of this number
  it.tell(Kind::fork, 50, 2500);
  it.record(50, 50, true, false, 2550, 0x100);  // of the one before, read after the news of the next
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].exit_code, 1);
  EXPECT_EQ(it.ends[0].account.paging_faults_minor, 10);
  it.settle(9);
  EXPECT_EQ(it.ends.size(), 1U) << "told once";
  // An account that was read before the news of its birth is the new one's.
  it.record(50, 50, true, false, 2700, 0x200);
  it.tell(Kind::fork, 50, 2600);
  it.tell(Kind::leader_exit, 50, 2650, 0x200);
  it.living = {};
  it.settle(9);
  ASSERT_EQ(it.ends.size(), 2U);
  EXPECT_EQ(it.ends[1].exit_code, 2);
  EXPECT_EQ(it.ends[1].account.paging_faults_minor, 10);
}

TEST(LifeMerger, NeedsNoConnectorWhereRecordsSayWhoseTheyAre) {
  Merging it(false, true);
  it.record(50, 50, true, false, 2000, 9);
  it.record(61, 60, false, false, 2000, 0);
  it.record(60, 60, true, true, 2000, 0x100);
  it.settle();
  ASSERT_EQ(it.ends.size(), 1U);
  EXPECT_EQ(it.ends[0].signal, 9);
  // A sibling that was just ending.
  it.record(62, 60, false, false, 2001, 0);
  it.settle();
  ASSERT_EQ(it.ends.size(), 2U);
  EXPECT_EQ(it.ends[1].account.paging_faults_minor, 30);
}

TEST(LifeMerger, LearnsFromTheConnectorWhoseThreadsTheyWereBeforeLinux519) {
  Merging it(true, true);
  it.record(51, std::nullopt, false, false, 2000);
  it.settle(0);
  it.tell(Kind::thread_exit, 50, 2001, 0, 51);
  it.tell(Kind::leader_exit, 50, 2002, 0x100);
  it.record(50, std::nullopt, false, true, 2003, 0x100);
  it.tell(Kind::leader_exit, 60, 2002, 0);
  it.record(60, std::nullopt, false, false, 2003);
  it.settle(0);
  it.settle(0);
  ASSERT_EQ(it.ends.size(), 2U);
  EXPECT_EQ(it.ends[0].account.paging_faults_minor, 20);
  EXPECT_EQ(it.ends[0].exit_code, 1);
  EXPECT_EQ(it.ends[1].account.paging_faults_minor, 10);
}

TEST(LifeMerger, TakesNoDelayForNoneWhereItIsNotMeasured) {
  Merging it(true, true);
  const auto delay = [&it](std::int64_t now) {
    it.record(50, 50, true, false, now);
    it.tell(Kind::leader_exit, 50, now, 0);
    it.settle();
    return it.ends.back().account.delay_block;
  };
  EXPECT_FALSE(delay(2000));
  it.merger.measures_block_delay(true, 2050);
  EXPECT_FALSE(delay(2100)) << "it may be older than the switch";
  EXPECT_EQ(delay(2200), 0);
  it.merger.measures_block_delay(false, 2250);
  EXPECT_FALSE(delay(3000));
}

TEST(LifeMerger, DoesNotTakeWhatWasRoundedDownForNothing) {
  Merging it(true, true);
  it.merger.add({.pid = 50, .process = 50, .is_last = true, .io_read = 0, .calls_read = 2}, 2000, 2000, 0);
  it.tell(Kind::leader_exit, 50, 2000, 0);
  it.settle();
  EXPECT_FALSE(it.ends[0].account.io_read);
  EXPECT_EQ(it.ends[0].account.io_write, 0);
  EXPECT_FALSE(it.ends[0].account.memory_peak);
}

}  // namespace
}  // namespace tacho
