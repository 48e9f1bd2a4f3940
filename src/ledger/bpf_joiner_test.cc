// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_joiner.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "base/clock.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

std::uint64_t now() { return static_cast<std::uint64_t>(SystemClock().now().boottime.count()); }

LifeExitRecord exit_of(std::uint32_t pid, std::uint64_t boottime) {
  LifeExitRecord record{};
  record.life.key = {.start_boottime = 7, .kind = kLifeExit, .kernel_pid = pid};
  record.life.pid = static_cast<int>(pid);
  record.boottime = boottime;
  record.totals.cpu_time = 100;
  return record;
}

LifeFreeRecord free_of(std::uint32_t pid) {
  LifeFreeRecord record{};
  record.key = {.start_boottime = 7, .kind = kLifeFree, .kernel_pid = pid};
  record.totals.cpu_time = 130;
  return record;
}

LifeRecord fork_of(std::uint32_t pid) {
  LifeRecord record{};
  record.key = {.start_boottime = 9, .kind = kLifeFork, .kernel_pid = pid};
  record.pid = static_cast<int>(pid);
  return record;
}

class BpfJoinerTest : public testing::Test {
 protected:
  // What a batch of these tells: "PID CPU", and "!" behind an account that is not complete.
  template <class... Records>
  std::vector<std::string> batch(const Records&... records) {
    std::vector<std::string> told;
    const BpfJoiner::Each each = [&told](const LifeEvent& event) {
      if (event.kind != LifeEvent::Kind::exit) return told.push_back(std::to_string(event.pid) + " born");
      const std::int64_t cpu = *event.account.cpu_time_user + *event.account.cpu_time_system;
      told.push_back(std::to_string(event.pid) + ' ' + std::to_string(cpu) +
                     (event.account.is_complete ? "" : "!"));
    };
    joiner_.begin(each);
    (joiner_.add(std::as_bytes(std::span(&records, 1))), ...);
    joiner_.finish();
    return told;
  }

  BpfJoiner joiner_;
};

using Strings = std::vector<std::string>;

TEST_F(BpfJoinerTest, GivesAnEndTheAccountOfItsFree) {
  EXPECT_EQ(batch(exit_of(4, now()), free_of(4)), Strings{"4 130"});
  EXPECT_EQ(batch(exit_of(5, now())), Strings{});
  EXPECT_EQ(batch(free_of(6), free_of(5)), Strings{"5 130"});
  EXPECT_EQ(joiner_.incomplete(), 0);
}

TEST_F(BpfJoinerTest, CountsTheEndsWhoseFreeDidNotComeWithinASecond) {
  const std::uint64_t ended = now();
  EXPECT_EQ(batch(exit_of(4, ended - 1'500'000'000), exit_of(5, ended)), Strings{});
  EXPECT_EQ(batch(), Strings{"4 100!"});
  EXPECT_EQ(joiner_.incomplete(), 1);
  EXPECT_EQ(batch(), Strings{});
}

TEST_F(BpfJoinerTest, TellsTheOneBeforeFirstWhenItsPidIsUsedAgain) {
  EXPECT_EQ(batch(exit_of(4, now())), Strings{});
  EXPECT_EQ(batch(fork_of(4)), (Strings{"4 100!", "4 born"}));
  EXPECT_EQ(joiner_.incomplete(), 1);
}

TEST_F(BpfJoinerTest, HoldsNothingBackWhenItSettlesAndCountsThatNot) {
  EXPECT_EQ(batch(exit_of(4, now())), Strings{});
  joiner_.settle();
  EXPECT_EQ(batch(exit_of(5, now())), (Strings{"4 100!", "5 100!"}));
  EXPECT_EQ(joiner_.incomplete(), 0);
  EXPECT_EQ(batch(exit_of(6, now())), Strings{});
}

TEST_F(BpfJoinerTest, LeavesOutWhatIsShorterThanItSays) {
  const LifeExitRecord whole = exit_of(4, now());
  const BpfJoiner::Each each = [](const LifeEvent& event) { ADD_FAILURE() << event.pid; };
  joiner_.begin(each);
  for (const std::size_t size : {std::size_t{0}, sizeof(LifeKey) - 1, sizeof(LifeKey), sizeof(LifeRecord)})
    joiner_.add(std::as_bytes(std::span(&whole, 1)).first(size));
  joiner_.finish();
}

}  // namespace
}  // namespace tacho
