// SPDX-License-Identifier: Apache-2.0
// With the real kernel: each test lets children live and looks at what was told of them.
#include "ledger/bpf_lives.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <thread>
#include <vector>

#include "ledger/bpf_testing.h"
#include "ledger/cpu_split.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using Kind = LifeEvent::Kind;

// An event with its views kept.
struct Told {
  LifeEvent event;
  std::string command, executable, arguments;
};

class BpfLives : public testing::Test {
 protected:
  // Loaded once for all tests: it takes a tenth of a second of CPU.
  static void SetUpTestSuite() {
    auto objects = load_bpf(BpfPart::lives);
    auto made = objects ? make_bpf_lives(std::move(*objects)) : std::move(objects).error();
    if (made) {
      lives_ = std::move(*made);
    } else {
      trouble_ = made.error();
    }
  }
  static void TearDownTestSuite() { lives_.reset(); }
  void SetUp() override {
    if (lives_) return;
    if (is_missing_here(trouble_)) GTEST_SKIP() << trouble_.text;
    FAIL() << trouble_.text;
  }

  static std::vector<Told> take() {
    std::vector<Told> told;
    const auto taken = lives_->take([&](const LifeEvent& event) {
      told.push_back({event, std::string(event.command), std::string(event.executable),
                      std::string(event.arguments)});
    });
    EXPECT_TRUE(taken);
    return told;
  }
  // Takes until there is an exit of each of `pids`, at most ten seconds.
  static std::vector<Told> until_exits(std::set<int> pids) {
    std::vector<Told> all;
    for (int round = 0; round < 1000 && !pids.empty(); ++round) {
      std::this_thread::sleep_for(10ms);
      for (Told& told : take()) {
        if (told.event.kind == Kind::exit) pids.erase(told.event.pid);
        all.push_back(std::move(told));
      }
    }
    EXPECT_TRUE(pids.empty()) << pids.size() << " ended without being seen";
    return all;
  }
  static std::vector<Told> of(int pid, const std::vector<Told>& all) {
    std::vector<Told> found;
    for (const Told& told : all)
      if (told.event.pid == pid) found.push_back(told);
    return found;
  }

  static inline std::unique_ptr<LifeSource> lives_;
  static inline Error trouble_;
};

pid_t start(const std::function<void()>& child) {
  const pid_t pid = fork();
  if (pid == 0) {
    child();
    _exit(99);
  }
  return pid;
}

struct Ended {
  int status = 0;
  rusage usage{};
  std::int64_t cpu() const {
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000'000LL +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
  }
};

Ended wait_for(pid_t pid) {
  Ended ended;
  EXPECT_EQ(wait4(pid, &ended.status, 0, &ended.usage), pid);
  return ended;
}

void touch(std::size_t bytes) {
  auto* memory = static_cast<char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) _exit(98);
  for (std::size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
}

void spend(std::chrono::nanoseconds cpu) {
  timespec now{};
  do {
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  } while (std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) < cpu);
}

std::int64_t cpu_of(const LifeEvent& event) {
  return event.account.cpu_time_user.value_or(-1) + event.account.cpu_time_system.value_or(-1);
}

TEST_F(BpfLives, TellsBirthProgramAndEnd) {
  const std::string with_newline = "two\nlines", with_escape = "\x1b[31mred";
  const pid_t pid = start([&] {
    execl("/bin/sh", "my sh", "-c", "exit 7", with_newline.c_str(), with_escape.c_str(), nullptr);
  });
  wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].event.kind, Kind::fork);
  EXPECT_EQ(told[0].event.parent_pid, getpid());
  EXPECT_EQ(told[0].event.source, "bpf");
  EXPECT_EQ(told[1].event.kind, Kind::exec);
  EXPECT_EQ(told[1].executable, "/bin/sh");
  EXPECT_EQ(told[1].arguments, std::string("my sh\0-c\0exit 7\0", 16) + with_newline + '\0' +
                                   with_escape + '\0');
  EXPECT_FALSE(told[1].event.arguments_cut);
  EXPECT_EQ(told[1].command, "sh");
  EXPECT_EQ(told[2].event.kind, Kind::exit);
  EXPECT_EQ(told[2].event.exit_code, 7);
  EXPECT_FALSE(told[2].event.signal);
  EXPECT_EQ(told[2].event.core_dumped, false);
  for (const Told& one : told) {
    EXPECT_EQ(one.event.start_boottime, told[0].event.start_boottime);
    EXPECT_EQ(one.event.identity.user_id, geteuid());
    EXPECT_EQ(one.event.identity.group_id, getegid());
    // In a namespace they may be outside of it: 0.
    EXPECT_EQ(one.event.identity.process_group.value_or(0), getpgid(0));
    EXPECT_EQ(one.event.identity.session.value_or(0), getsid(0));
    EXPECT_EQ(one.event.identity.inner_pid, pid);
    EXPECT_GT(one.event.identity.cgroup_id, 0u);
  }
  EXPECT_LE(told[0].event.boottime, told[1].event.boottime);
  EXPECT_LE(told[1].event.boottime, told[2].event.boottime);
  EXPECT_LE(*told[0].event.start_boottime, told[0].event.boottime);
}

TEST_F(BpfLives, TellsTheSignalThatEndedIt) {
  const pid_t pid = start([] { raise(SIGTERM); });
  wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().event.signal, SIGTERM);
  EXPECT_FALSE(told.back().event.exit_code);
}

TEST_F(BpfLives, KeepsTheFirstOfManyArguments) {
  const std::string long_one(100'000, 'x'), longer(30'000, 'y');
  const pid_t pid =
      start([&] { execl("/bin/true", "true", long_one.c_str(), longer.c_str(), nullptr); });
  wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[1].arguments, std::string("true\0", 5) + std::string(4096 - 5, 'x'));
  EXPECT_TRUE(told[1].event.arguments_cut);
}

TEST_F(BpfLives, TellsTheAccountThatWaitTells) {
  const pid_t pid = start([] {
    const int file = open("/dev/null", O_WRONLY);
    const std::string bytes(5000, 'b');
    if (write(file, bytes.data(), bytes.size()) != 5000) _exit(97);
    touch(std::size_t{40} << 20);
    spend(20ms);
    usleep(1000);
    _exit(0);
  });
  const Ended ended = wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 2u);
  const LifeEvent& event = told[1].event;
  EXPECT_NEAR(static_cast<double>(cpu_of(event)), static_cast<double>(ended.cpu()), 50'000);
  EXPECT_EQ(event.account.paging_faults_minor, ended.usage.ru_minflt);
  EXPECT_EQ(event.account.paging_faults_major, ended.usage.ru_majflt);
  EXPECT_EQ(event.account.context_switches_voluntary, ended.usage.ru_nvcsw);
  EXPECT_EQ(event.account.context_switches_involuntary, ended.usage.ru_nivcsw);
  EXPECT_EQ(event.account.disk_io_read, ended.usage.ru_inblock * 512);
  EXPECT_EQ(event.account.disk_io_write, ended.usage.ru_oublock * 512);
  EXPECT_GE(event.account.io_write, 5000);
  EXPECT_TRUE(event.account.io_read);
  EXPECT_TRUE(event.account.delay_cpu);
}

TEST_F(BpfLives, TellsThePeakOfTheLastProgramOnly) {
  // The image before the exec is larger by far; the kernel's own maximum would be its.
  const pid_t small = start([] {
    touch(std::size_t{100} << 20);
    execl("/bin/true", "true", nullptr);
  });
  wait_for(small);
  const auto told = of(small, until_exits({small}));
  ASSERT_FALSE(told.empty());
  ASSERT_TRUE(told.back().event.account.memory_peak);
  EXPECT_LT(*told.back().event.account.memory_peak, 20 << 20);
  EXPECT_GT(*told.back().event.account.memory_peak, 200'000);
}

TEST_F(BpfLives, TellsAPeakWithinTwoPercent) {
  constexpr std::size_t kBytes = std::size_t{60} << 20;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = start([&] {
    touch(kBytes);
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmRSS:") && write(ends[1], line.data(), line.size()) > 0) _exit(0);
  });
  wait_for(pid);
  char text[200] = {};
  ASSERT_GT(read(ends[0], text, sizeof text - 1), 0);
  close(ends[0]);
  close(ends[1]);
  const double resident = std::atof(text + std::strlen("VmRSS:")) * 1024;
  const auto told = of(pid, until_exits({pid}));
  ASSERT_FALSE(told.empty());
  const auto peak = static_cast<double>(told.back().event.account.memory_peak.value_or(-1));
  EXPECT_NEAR(peak, resident, resident * 0.02);
}

void* spend_in_thread(void*) {
  timespec now{};
  do {
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  } while (now.tv_nsec < 5'000'000);
  return nullptr;
}

TEST_F(BpfLives, CountsThreadsToTheirProcessAndTellsNoneOfThem) {
  const pid_t pid = start([] {
    pthread_t threads[4];
    for (pthread_t& thread : threads)
      if (pthread_create(&thread, nullptr, spend_in_thread, nullptr) != 0) _exit(98);
    pthread_join(threads[0], nullptr);
    _exit(3);  // the others may still run
  });
  const Ended ended = wait_for(pid);
  const auto all = until_exits({pid});
  const auto told = of(pid, all);
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 3);
  EXPECT_NEAR(static_cast<double>(cpu_of(told[1].event)), static_cast<double>(ended.cpu()), 50'000);
  for (const Told& one : all)
    if (one.event.parent_pid == pid) ADD_FAILURE() << "a thread was told as process " << one.event.pid;
}

TEST_F(BpfLives, TellsAProcessWhoseMainThreadEndedFirst) {
  const pid_t pid = start([] {
    pthread_t thread;
    const auto last = [](void*) -> void* {
      usleep(20'000);
      spend_in_thread(nullptr);
      syscall(SYS_exit_group, 5);
      return nullptr;
    };
    if (pthread_create(&thread, nullptr, last, nullptr) != 0) _exit(98);
    syscall(SYS_exit, 0);
  });
  const Ended ended = wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 5);
  EXPECT_NEAR(static_cast<double>(cpu_of(told[1].event)), static_cast<double>(ended.cpu()), 50'000);
}

TEST_F(BpfLives, KeepsThePidWhenAnotherThreadCallsExec) {
  const pid_t pid = start([] {
    pthread_t thread;
    const auto become = [](void*) -> void* {
      execl("/bin/sh", "sh", "-c", "exit 4", nullptr);
      return nullptr;
    };
    if (pthread_create(&thread, nullptr, become, nullptr) != 0) _exit(98);
    pause();
  });
  wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[1].event.kind, Kind::exec);
  EXPECT_EQ(told[1].event.start_boottime, told[0].event.start_boottime);
  EXPECT_EQ(told[2].event.exit_code, 4);
  EXPECT_EQ(told[2].event.start_boottime, told[0].event.start_boottime);
}

TEST_F(BpfLives, TellsAChainOfPrograms) {
  const pid_t pid = start([] {
    execl("/bin/sh", "sh", "-c", "exec /bin/sh -c 'exec /bin/true three'", nullptr);
  });
  wait_for(pid);
  const auto told = of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 5u);
  EXPECT_EQ(told[1].executable, "/bin/sh");
  EXPECT_EQ(told[2].executable, "/bin/sh");
  EXPECT_EQ(told[3].executable, "/bin/true");
  EXPECT_EQ(told[3].arguments, std::string("/bin/true\0three\0", 16));
}

TEST_F(BpfLives, TellsAChildOfVfork) {
  volatile pid_t child = 0;
  child = vfork();
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(99);
  }
  wait_for(child);
  const auto told = of(child, until_exits({child}));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[0].event.parent_pid, getpid());
  EXPECT_EQ(told[2].event.exit_code, 0);
}

TEST_F(BpfLives, TellsAZombieThatNobodyWaitsFor) {
  const pid_t pid = start([] {
    spend(10ms);
    _exit(6);
  });
  const auto told = of(pid, until_exits({pid}));  // not waited for
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 6);
  EXPECT_GT(cpu_of(told[1].event), 1'000'000);
  wait_for(pid);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(of(pid, take()).empty());
}

TEST_F(BpfLives, TellsTwoLivesOfOneNumberApart) {
  const pid_t pid = start([] { _exit(1); });
  wait_for(pid);
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<__u64>(&pid);
  arguments.set_tid_size = 1;
  const long again = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (again == 0) _exit(2);
  if (again < 0) GTEST_SKIP() << "we may not choose a pid here";
  wait_for(pid);
  std::vector<Told> told;
  for (int round = 0; round < 1000 && told.size() < 4; ++round) {
    std::this_thread::sleep_for(10ms);
    for (Told& one : of(pid, take())) told.push_back(std::move(one));
  }
  ASSERT_EQ(told.size(), 4u);
  EXPECT_EQ(told[0].event.kind, Kind::fork);
  EXPECT_EQ(told[1].event.exit_code, 1);
  EXPECT_EQ(told[1].event.start_boottime, told[0].event.start_boottime);
  EXPECT_EQ(told[2].event.kind, Kind::fork);
  EXPECT_EQ(told[3].event.exit_code, 2);
  EXPECT_EQ(told[3].event.start_boottime, told[2].event.start_boottime);
  EXPECT_NE(told[2].event.start_boottime, told[0].event.start_boottime);
}

TEST_F(BpfLives, HoldsNothingBackWhenItSettles) {
  const pid_t pid = start([] { _exit(5); });
  siginfo_t info{};
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT), 0);
  lives_->settle();
  const auto told = of(pid, take());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 5);
  wait_for(pid);
  const pid_t another = start([] { _exit(5); });
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(another), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(of(another, take()).size(), 1u);  // the next waits again
  wait_for(another);
}

TEST_F(BpfLives, TellsAChildWhoseParentIsGone) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = start([&] {
    const pid_t child = fork();
    if (child == 0) {
      usleep(20'000);
      _exit(8);
    }
    if (write(ends[1], &child, sizeof child) != sizeof child) _exit(97);
    _exit(0);
  });
  pid_t child = 0;
  ASSERT_EQ(read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  close(ends[0]);
  close(ends[1]);
  wait_for(parent);
  const auto told = of(child, until_exits({parent, child}));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].event.parent_pid, parent);
  EXPECT_NE(told[1].event.parent_pid, parent);
  EXPECT_EQ(told[1].event.exit_code, 8);
}

TEST_F(BpfLives, TellsBothPidsOfAProcessInANamespace) {
  const pid_t parent = start([] {
    if (unshare(CLONE_NEWPID) != 0) _exit(77);
    const pid_t child = fork();
    if (child == 0) _exit(9);
    int status = 0;
    waitpid(child, &status, 0);
    _exit(0);
  });
  if (WEXITSTATUS(wait_for(parent).status) == 77) GTEST_SKIP() << "no new pid namespaces here";
  const auto all = until_exits({parent});
  const auto found = std::ranges::find_if(all, [&](const Told& told) {
    return told.event.kind == Kind::fork && told.event.parent_pid == parent;
  });
  ASSERT_NE(found, all.end());
  EXPECT_EQ(found->event.identity.inner_pid, 1);
  EXPECT_GT(found->event.pid, 1);
}

// The first process of a pid namespace, as a recorder in a container. 0: all is well.
int record_a_child() {
  auto objects = load_bpf(BpfPart::lives);
  if (!objects) return 1;
  const auto lives = make_bpf_lives(std::move(*objects));
  if (!lives) return 2;
  const pid_t child = start([] { _exit(0); });
  waitpid(child, nullptr, 0);
  (*lives)->settle();
  int seen = 0, strange = 0;
  if (!(*lives)->take([&](const LifeEvent& event) {
        seen += event.pid == child && event.identity.inner_pid == child;
        // Of outside nothing is told: this one has only its child, and the loader before.
        strange += event.pid > child || event.pid <= 0;
      }))
    return 3;
  return seen != 2 ? 4 : strange != 0 ? 5 : 0;
}

TEST_F(BpfLives, SpeaksOfPidsAsARecorderInANamespaceSeesThem) {
  const pid_t parent = start([] {
    if (unshare(CLONE_NEWPID) != 0) _exit(77);
    const pid_t recorder = start([] { _exit(record_a_child()); });
    int status = 0;
    waitpid(recorder, &status, 0);
    _exit(WEXITSTATUS(status));
  });
  const int status = wait_for(parent).status;
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no new pid namespaces here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_TRUE(WIFEXITED(status));
}

TEST_F(BpfLives, TellsEveryOneOfTwoThousand) {
  std::set<int> pids;
  std::map<std::pair<int, std::int64_t>, int> forks, exits;
  for (int i = 0; i < 2000; ++i) {
    const pid_t pid = start([] { _exit(0); });
    ASSERT_GT(pid, 0);
    wait_for(pid);
    pids.insert(pid);
  }
  int events = 0;
  for (const Told& told : until_exits(pids)) {
    if (!pids.contains(told.event.pid)) continue;
    ++events;
    ASSERT_TRUE(told.event.start_boottime);
    ++(told.event.kind == Kind::fork ? forks : exits)[{told.event.pid, *told.event.start_boottime}];
  }
  EXPECT_EQ(forks.size(), 2000u);
  EXPECT_EQ(forks, exits);
  EXPECT_EQ(events, 4000);
  EXPECT_EQ(lives_->lost(), 0);
}

std::set<__u32> ids_of_links() {
  std::set<__u32> ids;
  bpf_attr attributes{};
  while (syscall(SYS_bpf, BPF_LINK_GET_NEXT_ID, &attributes, sizeof attributes) == 0) {
    ids.insert(attributes.next_id);
    attributes.start_id = attributes.next_id;
  }
  return ids;
}

TEST_F(BpfLives, LeavesNothingInTheKernelWhenItIsKilled) {
  const std::set<__u32> before = ids_of_links();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = start([&] {
    auto objects = load_bpf(BpfPart::lives);
    if (!objects) _exit(1);
    const auto lives = make_bpf_lives(std::move(*objects));
    if (lives && write(ends[1], "x", 1) == 1) pause();
  });
  close(ends[1]);
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  close(ends[0]);
  const std::set<__u32> during = ids_of_links();
  kill(pid, SIGKILL);
  wait_for(pid);
  if (during.empty()) GTEST_SKIP() << "we may not list the kernel's links";
  EXPECT_GE(during.size(), before.size() + 4);
  // Links are dropped by a worker of the kernel, soon but not at once.
  const auto ours_are_gone = [&] { return std::ranges::includes(before, ids_of_links()); };
  for (int round = 0; round < 1000 && !ours_are_gone(); ++round) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(ours_are_gone());
}

TEST(BpfLoader, SaysThatTheProgramIsNotThere) {
  const auto loader = BpfLoader::start("/nonexistent/tacho-bpf", BpfPart::lives);
  ASSERT_FALSE(loader);
  EXPECT_EQ(loader.error().code, ErrorCode::absent);
}

TEST(BpfLoader, SaysWhenTheProgramEndsWithoutAWord) {
  auto loader = BpfLoader::start("/bin/false", BpfPart::lives);
  ASSERT_TRUE(loader) << loader.error().text;
  pollfd readable{.fd = loader->descriptor(), .events = POLLIN};
  ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
  const auto objects = loader->poll();
  ASSERT_FALSE(objects);
  EXPECT_EQ(objects.error().code, ErrorCode::io);
}

TEST(CpuSplit, KeepsTheExactSumInTheSampledProportion) {
  EXPECT_EQ(split_cpu_time(1000, 4, 12).system, 750);
  EXPECT_EQ(split_cpu_time(1000, 4, 12).user, 250);
  EXPECT_EQ(split_cpu_time(1001, 1, 2).user + split_cpu_time(1001, 1, 2).system, 1001);
  EXPECT_EQ(split_cpu_time(1000, 0, 0).user, 1000);
  EXPECT_EQ(split_cpu_time(1000, 0, 5).system, 1000);
  EXPECT_EQ(split_cpu_time(1000, 5, 0).user, 1000);
  constexpr std::int64_t kYears = 3'000'000'000'000'000'000;
  EXPECT_EQ(split_cpu_time(kYears, kYears, kYears).system, kYears / 2);
}

}  // namespace
}  // namespace tacho
