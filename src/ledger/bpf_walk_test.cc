// SPDX-License-Identifier: Apache-2.0
// With the real kernel, held against what /proc says at the same time.
#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <sstream>
#include <thread>
#include <vector>

#include "ledger/bpf_walk_fixture.h"

namespace tacho {
namespace {

void touch(std::size_t bytes) {
  auto* memory = static_cast<char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) _exit(98);
  for (std::size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
}

void* spend(void*) {
  timespec now{};
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_nsec < 3'000'000);
  return nullptr;
}

TEST_F(BpfWalker, SaysWhatProcSays) {
  const Child child([] {
    touch(std::size_t{30} << 20);
    spend(nullptr);
    setpriority(PRIO_PROCESS, 0, 5);
    std::ofstream("/proc/self/oom_score_adj") << 321;
    const rlimit limit{.rlim_cur = 777, .rlim_max = 777};
    setrlimit(RLIMIT_NOFILE, &limit);
    for (int i = 0; i < 600; ++i) dup(0);
  });
  const auto found = walk(true);
  ASSERT_TRUE(found.contains(child.pid()));
  const WalkedProcess& process = found.at(child.pid());
  const long ticks = sysconf(_SC_CLK_TCK);
  EXPECT_EQ(process.parent_pid, getpid());
  EXPECT_EQ(process.state, 'S');
  EXPECT_EQ(process.start_boottime / (1'000'000'000 / ticks), child.stat_number(22));
  EXPECT_EQ(process.cpu_time_user + process.cpu_time_system, child.run_time());
  EXPECT_EQ(process.cpu_time_main_thread, child.run_time());
  EXPECT_NEAR(static_cast<double>(process.cpu_time_user), static_cast<double>(child.stat_number(14)) * 1e9 / ticks, 1e9 / ticks);
  EXPECT_NEAR(static_cast<double>(process.cpu_time_system), static_cast<double>(child.stat_number(15)) * 1e9 / ticks, 1e9 / ticks);
  EXPECT_EQ(process.paging_faults_minor, child.stat_number(10));
  EXPECT_EQ(process.paging_faults_major, child.stat_number(12));
  EXPECT_EQ(process.priority, child.stat_number(18));
  EXPECT_EQ(process.nice, 5);
  EXPECT_EQ(process.thread_count, 1);
  EXPECT_EQ(process.memory_virtual, child.stat_number(23));
  EXPECT_EQ(process.memory_usage, child.number("status", "VmRSS") * 1024);
  EXPECT_EQ(process.memory_peak, child.number("status", "VmHWM") * 1024);
  EXPECT_EQ(process.memory_swap, child.number("status", "VmSwap") * 1024);
  EXPECT_EQ(process.context_switches_voluntary, child.number("status", "voluntary_ctxt_switches"));
  EXPECT_EQ(process.context_switches_involuntary,
            child.number("status", "nonvoluntary_ctxt_switches"));
  EXPECT_EQ(process.io_read, child.number("io", "rchar"));
  EXPECT_EQ(process.io_write, child.number("io", "wchar"));
  EXPECT_EQ(process.disk_io_read, child.number("io", "read_bytes"));
  EXPECT_EQ(process.disk_io_write, child.number("io", "write_bytes"));
  EXPECT_EQ(process.delay_cpu, child.wait_time());
  EXPECT_EQ(process.oom_score_adj, 321);
  EXPECT_EQ(process.file_descriptor_limit, 777);
  EXPECT_GT(process.file_descriptor_count, 600);
  EXPECT_EQ(process.file_descriptor_count, child.descriptors());
  EXPECT_EQ("(" + std::string(process.command) + ")", child.stat_field(2));
}

TEST_F(BpfWalker, LeavesOutWhoDidNothing) {
  const Child child([] {});
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // it is asleep, and off its CPU
  EXPECT_TRUE(walk(false).contains(child.pid()));
  int first_turns = 0;  // whoever is new has one within ten walks
  for (int turn = 0; turn < 10; ++turn) first_turns += walk(false).contains(child.pid());
  EXPECT_EQ(first_turns, 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const auto after = walk(false);
  EXPECT_FALSE(after.contains(child.pid()));
  EXPECT_TRUE(after.contains(getpid()));  // it ran, and gave up the CPU
  EXPECT_TRUE(walk(true).contains(child.pid()));
  EXPECT_FALSE(walk(false).contains(child.pid()));
}

TEST_F(BpfWalker, CountsThreadsToTheirProcess) {
  const Child child([] {
    pthread_t threads[5];
    for (pthread_t& thread : threads)
      if (pthread_create(&thread, nullptr, spend, nullptr) != 0) _exit(98);
    for (const pthread_t thread : threads) pthread_join(thread, nullptr);
    const auto sleeper = [](void*) -> void* {
      spend(nullptr);
      for (;;) pause();
    };
    for (int i = 0; i < 3; ++i)
      if (pthread_create(&threads[i], nullptr, sleeper, nullptr) != 0) _exit(98);
    usleep(100'000);
  });
  const auto found = walk(true);
  ASSERT_TRUE(found.contains(child.pid()));
  const WalkedProcess& process = found.at(child.pid());
  EXPECT_EQ(process.thread_count, 4);
  EXPECT_GE(process.cpu_time_user + process.cpu_time_system, 8 * 3'000'000);
  EXPECT_LT(process.cpu_time_main_thread, process.cpu_time_user + process.cpu_time_system);
  EXPECT_EQ(process.paging_faults_minor, child.stat_number(10));
  EXPECT_EQ(process.io_read, child.number("io", "rchar"));
  int of_threads = 0;
  for (const auto& [pid, other] : found) of_threads += other.parent_pid == child.pid();
  EXPECT_EQ(of_threads, 0);
}

// A process of threads that wait for orders, each of which one of them takes: 'w' uses CPU time, 'n' makes
// another thread, 'x' ends it. It answers when that is done.
class Team {
 public:
  explicit Team(int threads) {
    EXPECT_EQ(pipe(orders_), 0);
    EXPECT_EQ(pipe(answers_), 0);
    child_ = std::make_unique<Child>([&] {
      for (int i = 1; i < threads; ++i) begin(this);
    });
    settle();
  }
  ~Team() {
    child_.reset();
    for (const int end : {orders_[0], orders_[1], answers_[0], answers_[1]}) close(end);
  }

  void order(char what) const {
    char answer = 0;
    EXPECT_EQ(write(orders_[1], &what, 1), 1);
    EXPECT_EQ(read(answers_[0], &answer, 1), 1);
    settle();
  }
  int pid() const { return child_->pid(); }
  std::int64_t cpu_time() const {
    clockid_t clock{};
    timespec time{};
    EXPECT_EQ(clock_getcpuclockid(pid(), &clock), 0);
    EXPECT_EQ(clock_gettime(clock, &time), 0);
    return time.tv_sec * 1'000'000'000 + time.tv_nsec;
  }

 private:
  static void begin(Team* self) {
    pthread_t thread{};
    if (pthread_create(&thread, nullptr, obey, self) != 0) _exit(98);
  }
  static void* obey(void* self) {
    const auto* team = static_cast<Team*>(self);
    char order = 0;
    while (read(team->orders_[0], &order, 1) == 1) {
      if (order == 'w') spend_more();
      if (order == 'n') begin(static_cast<Team*>(self));
      if (write(team->answers_[1], &order, 1) != 1) _exit(97);
      if (order == 'x') break;
    }
    return nullptr;
  }
  static void spend_more() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    const long end = now.tv_nsec + 1'000'000;
    while (now.tv_nsec < end) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  }
  // Until all are off their CPUs.
  static void settle() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

  int orders_[2] = {-1, -1}, answers_[2] = {-1, -1};
  std::unique_ptr<Child> child_;
};

TEST_F(BpfWalker, KnowsTheTimeOfThreadsThatComeAndGo) {
  for (const int threads : {2, 9, 62, 64, 80}) {
    const Team team(threads);
    walk(true);
    for (const std::string_view orders : {"w", "w", "nnn", "w", "xn", "w", "x", "xnw", "xx", "w"}) {
      for (const char order : orders) team.order(order);
      const auto found = walk(false);
      ASSERT_TRUE(found.contains(team.pid())) << orders << " of " << threads;
      const WalkedProcess& process = found.at(team.pid());
      EXPECT_EQ(process.cpu_time_user + process.cpu_time_system, team.cpu_time())
          << orders << " of " << threads;
    }
  }
}

TEST_F(BpfWalker, GivesEachItsKeyRowInItsTurn) {
  auto objects = load_bpf(BpfPart::walk);
  ASSERT_TRUE(objects) << objects.error().text;
  constexpr int kTicks = 5;
  const auto walker = make_bpf_walker(std::move(*objects), kTicks);
  ASSERT_TRUE(walker) << walker.error().text;
  const Child child([] {});
  ASSERT_TRUE((*walker)->walk(false));
  int rows = 0;
  for (int tick = 0; tick < 2 * kTicks; ++tick) {
    const auto walked = (*walker)->walk(false);
    ASSERT_TRUE(walked);
    for (const WalkedProcess& process : walked->changed) rows += process.pid == child.pid();
  }
  EXPECT_EQ(rows, 2);
}

TEST_F(BpfWalker, SeesEveryProcessThatProcSees) {
  std::vector<std::unique_ptr<Child>> children;
  for (int i = 0; i < 100; ++i) children.push_back(std::make_unique<Child>([] {}));
  const auto found = walk(true);
  for (const auto& child : children) EXPECT_TRUE(found.contains(child->pid()));
  std::string second;
  std::getline(std::ifstream("/proc/2/comm"), second);
  if (second == "kthreadd") {  // the kernel's own; a container does not see them
    ASSERT_TRUE(found.contains(2));
    EXPECT_EQ(found.at(2).memory_usage, 0);
    EXPECT_EQ(found.at(2).memory_peak, -1);
    EXPECT_EQ(std::string(found.at(2).command), second);
  }
  const auto walked = walker_->walk(false);
  ASSERT_TRUE(walked);
  EXPECT_GE(walked->living, static_cast<std::int64_t>(found.size()));
}

TEST_F(BpfWalker, ShowsAZombieAsOne) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  const auto found = walk(true);
  ASSERT_TRUE(found.contains(pid));
  EXPECT_EQ(found.at(pid).state, 'Z');
  EXPECT_EQ(found.at(pid).memory_usage, 0);
  waitpid(pid, nullptr, 0);
  EXPECT_FALSE(walk(true).contains(pid));
}

TEST_F(BpfWalker, NeverTakesCpuTimeBack) {
  const Child child([] {
    std::thread([] {
      for (int i = 0; i < 300; ++i) {
        spend(nullptr);
        [[maybe_unused]] const int ignored = getpriority(PRIO_PROCESS, 0);
        usleep(500);
      }
    }).detach();
  });
  WalkedProcess before{};
  for (int i = 0; i < 30; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(3));
    const auto found = walk(false);
    const auto now = found.find(child.pid());
    if (now == found.end()) continue;
    EXPECT_GE(now->second.cpu_time_user, before.cpu_time_user);
    EXPECT_GE(now->second.cpu_time_system, before.cpu_time_system);
    before = now->second;
  }
  EXPECT_GT(before.cpu_time_user + before.cpu_time_system, 0);
}

}  // namespace
}  // namespace tacho
