// SPDX-License-Identifier: Apache-2.0
// Processes of the machine that the test runs on, and their CPU clocks.
#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <thread>

#include "collectors/fixture.h"
#include "collectors/process_reader.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Watch;

constexpr std::size_t kExit = 2;
constexpr std::int64_t kWork = 25'000'000;  // ns

std::int64_t read_clock(clockid_t clock) {
  timespec time{};
  EXPECT_EQ(clock_gettime(clock, &time), 0);
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

// Lives until it is killed. For every byte that it is sent a thread of it works; the main thread sleeps.
class Child {
 public:
  Child() {
    EXPECT_EQ(pipe(asked_), 0);
    EXPECT_EQ(pipe(done_), 0);
    pid_ = fork();
    if (pid_ == 0) live();
  }
  Child(const Child&) = delete;
  ~Child() { end(); }
  int pid() const { return pid_; }

  void work() {
    char byte = 0;
    EXPECT_EQ(write(asked_[1], &byte, 1), 1);
    EXPECT_EQ(read(done_[0], &byte, 1), 1);
    for (std::int64_t before = -1; before != cpu_time();) {
      before = cpu_time();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }
  std::int64_t cpu_time() const {
    clockid_t clock = 0;
    EXPECT_EQ(clock_getcpuclockid(pid_, &clock), 0);
    return read_clock(clock);
  }
  void end() {
    if (pid_ <= 0) return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
    for (const int descriptor : {asked_[0], asked_[1], done_[0], done_[1]}) close(descriptor);
  }

 private:
  [[noreturn]] void live() {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::thread([this] {
      char byte = 0;
      while (read(asked_[0], &byte, 1) == 1) {
        const std::int64_t begin = read_clock(CLOCK_THREAD_CPUTIME_ID);
        while (read_clock(CLOCK_THREAD_CPUTIME_ID) - begin < kWork) {
        }
        if (write(done_[1], &byte, 1) != 1) break;
      }
      _exit(1);
    }).detach();
    for (;;) pause();
  }

  int asked_[2], done_[2];
  int pid_ = 0;
};

std::optional<std::size_t> row_of(const Watch& watch, int pid, std::size_t table = 0) {
  for (std::size_t row = 0; row < watch.size(table); ++row)
    if (watch.number(row, "pid", table) == pid) return row;
  return std::nullopt;
}

TEST(ProcessClock, SeesAChildLiveAndEnd) {
  Child child;
  const int pid = child.pid();
  Watch watch("process", Captured("/"));
  ASSERT_TRUE(watch.turn(true));
  EXPECT_TRUE(row_of(watch, pid));
  child.end();
  ASSERT_TRUE(watch.turn());
  EXPECT_TRUE(row_of(watch, pid, kExit));
}

TEST(ProcessClock, TellsToTheNanosecondWhatAThreadRan) {
  Child child;
  child.work();
  Watch watch("process", Captured("/"));
  // Key rows come at any tick of the first ones.
  for (int turn = 0; turn < 12; ++turn) ASSERT_TRUE(watch.turn(turn == 0));
  std::int64_t user = 0, system = 0;
  int quiet_turns = 0;
  for (int turn = 0; turn < 3; ++turn) {
    child.work();
    ASSERT_TRUE(watch.turn());
    const auto row = row_of(watch, child.pid());
    ASSERT_TRUE(row);
    const std::int64_t new_user = *watch.number(*row, "cpu_time_user");
    const std::int64_t new_system = *watch.number(*row, "cpu_time_system");
    EXPECT_EQ(new_user + new_system, child.cpu_time());
    EXPECT_GE(new_user, user);
    EXPECT_GE(new_system, system);
    user = new_user;
    system = new_system;
    EXPECT_LT(watch.number(*row, "cpu_time_main_thread"), kWork);
    ASSERT_TRUE(watch.turn());
    const auto idle = row_of(watch, child.pid());
    quiet_turns += !idle || watch.number(*idle, "oom_score");  // none, or a key row
  }
  EXPECT_GT(quiet_turns, 0) << "the kernel may take memory from it, but not at each turn";
  EXPECT_GE(user + system, 4 * kWork);
}

// Pids of system calls are not those of a /proc of another namespace: the clock would be a stranger's.
TEST(ProcessClock, IsNotAskedWhereProcIsOfAnotherNamespace) {
  EXPECT_TRUE(ProcessReader::create(Root::open().value())->has_clocks());
  const int outer = fork();
  if (outer == 0) {
    if (unshare(CLONE_NEWUSER | CLONE_NEWPID) != 0) _exit(77);
    const int inner = fork();
    if (inner == 0) _exit(ProcessReader::create(Root::open().value())->has_clocks() ? 1 : 0);
    int status = 0;
    _exit(waitpid(inner, &status, 0) == inner && WIFEXITED(status) ? WEXITSTATUS(status) : 78);
  }
  int status = 0;
  ASSERT_EQ(waitpid(outer, &status, 0), outer);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no new namespace is allowed here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

}  // namespace
}  // namespace tacho
