// SPDX-License-Identifier: Apache-2.0
// Who is recognised as unchanged from the walk before, and who only looks so.
#include <pthread.h>
#include <time.h>

#include "ledger/bpf_walk_fixture.h"

namespace tacho {
namespace {

// As far apart are pids whose processes have the same place (KNOWN_PLACES).
constexpr pid_t kPlaces = 1 << 14;

void nothing() {}

// Pid of a process that is over, in the lower half of what all machines have.
pid_t free_pid() {
  for (pid_t pid = 2000; pid < kPlaces; pid += 7)
    if (kill(pid, 0) != 0 && kill(pid + kPlaces, 0) != 0) return pid;
  return -1;
}

void wake(const Child& child) {
  const std::int64_t before = child.run_time();
  kill(child.pid(), SIGSTOP);
  kill(child.pid(), SIGCONT);
  for (int round = 0; round < 1000 && (child.run_time() == before || child.stat_field(3) != "S"); ++round)
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// What a thread other than the first does when it is told to: r runs, n makes one more of its kind, e ends.
void* obey(void* orders) {
  const int from = *static_cast<int*>(orders);
  for (char order = 0; read(from, &order, 1) == 1 && order != 'e';) {
    pthread_t another;
    if (order == 'n') pthread_create(&another, nullptr, obey, orders);
    if (order == 'r') spend(std::chrono::milliseconds(3), CLOCK_THREAD_CPUTIME_ID);
  }
  return nullptr;
}

class BpfWalkerKnows : public BpfWalker {
 protected:
  // Whoever is new has its first turn within ten walks.
  static void pass_first_turns() {
    for (int round = 0; round < 11; ++round) walk(false);
  }
};

TEST_F(BpfWalkerKnows, TellsTwoProcessesOfOnePlaceApart) {
  const pid_t pid = free_pid();
  ASSERT_GT(pid, 0);
  const Child one(nothing, pid), other(nothing, pid + kPlaces);
  if (!one.is_alive() || !other.is_alive()) GTEST_SKIP() << "pids cannot be chosen here";
  const auto both = walk(true);
  EXPECT_TRUE(both.contains(one.pid()) && both.contains(other.pid()));
  pass_first_turns();
  for (int round = 0; round < 3; ++round) {
    const auto idle = walk(false);
    EXPECT_FALSE(idle.contains(one.pid()) || idle.contains(other.pid()));
  }
  wake(one);
  const auto first = walk(false);
  EXPECT_TRUE(first.contains(one.pid()));
  EXPECT_FALSE(first.contains(other.pid()));
  wake(other);
  const auto second = walk(false);
  EXPECT_FALSE(second.contains(one.pid()));
  EXPECT_TRUE(second.contains(other.pid()));
}

TEST_F(BpfWalkerKnows, TakesNobodyForTheOneWhoHadThePid) {
  const pid_t pid = free_pid();
  ASSERT_GT(pid, 0);
  std::int64_t start = 0;
  for (int life = 0; life < 20; ++life) {
    const Child child(nothing, pid);
    if (!child.is_alive()) GTEST_SKIP() << "pids cannot be chosen here";
    const auto found = walk(false);
    ASSERT_TRUE(found.contains(pid));
    EXPECT_GT(found.at(pid).start_boottime, start);
    start = found.at(pid).start_boottime;
    pass_first_turns();
    EXPECT_FALSE(walk(false).contains(pid));
  }
}

TEST_F(BpfWalkerKnows, TellsOfAProcessWhenAnyOfItsThreadsDidSomething) {
  for (const int threads : {1, 3, 7, 8, 12}) {  // beside the first
    int orders[2];
    ASSERT_EQ(pipe(orders), 0);
    const Child child([&] {
      for (int thread = 0; thread < threads; ++thread) {
        pthread_t started;
        pthread_create(&started, nullptr, obey, &orders[0]);
      }
    });
    ASSERT_TRUE(walk(true).contains(child.pid()));
    pass_first_turns();
    std::int64_t alive = threads + 1;
    for (const char order : std::string("rrnrer")) {
      EXPECT_FALSE(walk(false).contains(child.pid())) << threads << " before " << order;
      ASSERT_EQ(write(orders[1], &order, 1), 1);
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      alive += order == 'n' ? 1 : order == 'e' ? -1 : 0;
      const auto found = walk(false);
      ASSERT_TRUE(found.contains(child.pid())) << threads << " after " << order;
      EXPECT_EQ(found.at(child.pid()).thread_count, alive);
    }
    close(orders[0]);
    close(orders[1]);
  }
}

TEST_F(BpfWalkerKnows, TellsOfOneThatSleptWhenAllAreAskedFor) {
  const Child child(nothing);
  EXPECT_TRUE(walk(true).contains(child.pid()));
  pass_first_turns();
  EXPECT_FALSE(walk(false).contains(child.pid()));
  EXPECT_TRUE(walk(true).contains(child.pid()));
  EXPECT_FALSE(walk(false).contains(child.pid()));
}

}  // namespace
}  // namespace tacho
