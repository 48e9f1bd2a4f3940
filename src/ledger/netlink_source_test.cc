// SPDX-License-Identifier: Apache-2.0
// The connector alone and with taskstats, with the real kernel: children live, and each source must
// tell the same of them.
#include "ledger/netlink_source.h"

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace tacho {
namespace {

using Kind = LifeEvent::Kind;

// An event with its views kept.
struct Told {
  LifeEvent event;
  std::string command, executable, arguments;
};

pid_t start(const std::function<void()>& child) {
  const pid_t pid = fork();
  if (pid == 0) {
    child();
    _exit(99);
  }
  return pid;
}

int status_of(pid_t pid, rusage* usage = nullptr) {
  int status = -1;
  EXPECT_EQ(wait4(pid, &status, 0, usage), pid);
  return status;
}

// Runs a thread of the kernel's own making, without what libraries do at its end.
pthread_t start_thread(void* (*body)(void*)) {
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, body, nullptr) != 0) _exit(98);
  return thread;
}

class NetlinkLives : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    auto source = is_taskstats() ? open_taskstats() : open_connector();
    if (!source) {
      ASSERT_TRUE(source.error().code == ErrorCode::denied || source.error().code == ErrorCode::absent)
          << source.error().text;
      GTEST_SKIP() << source.error().text;
    }
    source_ = std::move(*source);
  }
  static bool is_taskstats() { return GetParam() == std::string("taskstats"); }

  void take() {
    ASSERT_TRUE(source_->take([this](const LifeEvent& event) {
      told_.push_back({event, std::string(event.command), std::string(event.executable),
                       std::string(event.arguments)});
    }));
  }
  // Takes until all of them have ended, at most half a minute.
  void take_until_end(std::set<int> pids) {
    std::size_t seen = 0;
    for (int round = 0; round < 3000; ++round) {
      take();
      for (; seen < told_.size(); ++seen)
        if (told_[seen].event.kind == Kind::exit) pids.erase(told_[seen].event.pid);
      if (pids.empty()) return;
      usleep(10'000);
    }
    FAIL() << pids.size() << " ended without being seen, first " << *pids.begin();
  }
  std::vector<Told> of(int pid) const {
    std::vector<Told> found;
    for (const Told& told : told_)
      if (told.event.pid == pid) found.push_back(told);
    return found;
  }
  std::string kinds_of(int pid) const {
    std::string kinds;
    for (const Told& told : of(pid))
      kinds += told.event.kind == Kind::fork ? "fork " : told.event.kind == Kind::exec ? "exec " : "exit ";
    return kinds;
  }

  std::unique_ptr<LifeSource> source_;
  std::vector<Told> told_;
};

INSTANTIATE_TEST_SUITE_P(Source, NetlinkLives, testing::Values("connector", "taskstats"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(NetlinkLives, TellsBirthParentAndStatus) {
  std::map<int, int> statuses;
  for (const int code : {0, 1, 7, 255}) {
    const pid_t pid = start([code] { _exit(code); });
    statuses[pid] = status_of(pid);
  }
  for (const int number : {SIGKILL, SIGTERM, SIGSEGV}) {
    const pid_t pid = start([number] {
      signal(number, SIG_DFL);
      raise(number);
    });
    statuses[pid] = status_of(pid);
  }
  std::set<int> pids;
  for (const auto& [pid, status] : statuses) pids.insert(pid);
  take_until_end(pids);
  for (const auto& [pid, status] : statuses) {
    ASSERT_EQ(kinds_of(pid), "fork exit ");
    const LifeEvent birth = of(pid)[0].event;
    const LifeEvent end = of(pid)[1].event;
    EXPECT_EQ(birth.parent_pid, getpid());
    EXPECT_LE(birth.boottime, end.boottime);
    EXPECT_EQ(end.exit_code, WIFEXITED(status) ? std::optional(WEXITSTATUS(status)) : std::nullopt);
    EXPECT_EQ(end.signal, WIFSIGNALED(status) ? std::optional(WTERMSIG(status)) : std::nullopt);
    EXPECT_EQ(end.core_dumped, WIFSIGNALED(status) && WCOREDUMP(status));
  }
  EXPECT_EQ(source_->name(), GetParam());
}

TEST_P(NetlinkLives, TellsEachOfFiveHundredShortLivesOnce) {
  std::set<int> pids;
  for (int number = 0; number < 500; ++number) {
    const pid_t pid = start([] { _exit(3); });
    status_of(pid);
    pids.insert(pid);
  }
  take_until_end(pids);
  for (const int pid : pids) EXPECT_EQ(kinds_of(pid), "fork exit ") << pid;
  EXPECT_EQ(source_->lost(), 0);
  EXPECT_FALSE(source_->lost_unknown());
}

TEST_P(NetlinkLives, TellsWhatWasExecutedWhereItStillLives) {
  const pid_t pid = start([] { execl("/bin/sleep", "my\nsleep", "60", nullptr); });
  for (int round = 0; round < 1000 && kinds_of(pid) != "fork exec "; ++round) {
    usleep(10'000);
    take();
  }
  kill(pid, SIGKILL);
  status_of(pid);
  take_until_end({pid});
  ASSERT_EQ(kinds_of(pid), "fork exec exit ");
  const Told exec = of(pid)[1];
  EXPECT_EQ(exec.command, "sleep");
  EXPECT_EQ(exec.arguments, std::string("my\nsleep\0" "60\0", 12));
  EXPECT_FALSE(exec.event.arguments_cut);
  EXPECT_TRUE(exec.executable.ends_with("/sleep")) << exec.executable;
  EXPECT_EQ(exec.event.identity.user_id, geteuid());
  EXPECT_EQ(exec.event.identity.group_id, getegid());
  EXPECT_EQ(exec.event.identity.inner_pid, pid);
  EXPECT_EQ(exec.event.identity.process_group, getpgrp());
  EXPECT_EQ(exec.event.identity.session, getsid(0));
}

TEST_P(NetlinkLives, CutsLongArguments) {
  const std::string large(100'000, 'x');
  const pid_t pid = start([&] { execl("/bin/sh", "sh", "-c", "kill -STOP $$", large.c_str(), nullptr); });
  for (int round = 0; round < 1000 && kinds_of(pid) != "fork exec "; ++round) {
    usleep(10'000);
    take();
  }
  kill(pid, SIGKILL);
  status_of(pid);
  take_until_end({pid});
  ASSERT_EQ(kinds_of(pid), "fork exec exit ");
  EXPECT_TRUE(of(pid)[1].event.arguments_cut);
  EXPECT_EQ(of(pid)[1].arguments.size(), kMostArguments);
}

TEST_P(NetlinkLives, EndsAProcessWithItsLastThread) {
  const pid_t pid = start([] {
    start_thread([](void*) -> void* {
      usleep(400'000);
      _exit(5);
    });
    // The leader alone: pthread_exit would run the test program's own ends.
    syscall(SYS_exit, 0);
  });
  int status = 0;
  for (int round = 0; round < 20; ++round) {
    take();
    if (waitpid(pid, &status, WNOHANG) == pid) break;
    EXPECT_EQ(kinds_of(pid).find("exit"), std::string::npos) << "while a thread of it lives";
    usleep(15'000);
  }
  if (status == 0) status = status_of(pid);
  take_until_end({pid});
  ASSERT_EQ(kinds_of(pid), "fork exit ");
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(of(pid)[1].event.exit_code, 5);
  EXPECT_GE(of(pid)[1].event.boottime - of(pid)[0].event.boottime, 400'000'000);
}

TEST_P(NetlinkLives, TellsAZombiesEndBeforeItsParentAsks) {
  const pid_t pid = start([] { _exit(4); });
  take_until_end({pid});
  EXPECT_EQ(of(pid).back().event.exit_code, 4);
  EXPECT_EQ(WEXITSTATUS(status_of(pid)), 4);
}

TEST_P(NetlinkLives, HandsOverWhatItHoldsBackWhenNothingWillFollow) {
  const pid_t pid = start([] { _exit(4); });
  status_of(pid);
  source_->settle();
  take();
  EXPECT_EQ(kinds_of(pid), "fork exit ");
}

TEST_P(NetlinkLives, CountsThreadsToTheirProcess) {
  std::set<int> pids;
  std::map<int, rusage> usages;
  // So that no process can be taken for one that lived before the source listened.
  sleep(1);
  take();
  for (int number = 0; number < 20; ++number) {
    const pid_t pid = start([] {
      // All are killed at the same moment by the end of the first.
      for (int thread = 0; thread < 8; ++thread)
        start_thread([](void*) -> void* {
          auto* memory = static_cast<volatile char*>(
              mmap(nullptr, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
          for (int at = 0; at < 1 << 20; at += 4096) memory[at] = 1;
          for (;;) pause();
        });
      usleep(50'000);
      _exit(6);
    });
    status_of(pid, &usages[pid]);
    pids.insert(pid);
  }
  take_until_end(pids);
  for (const int pid : pids) {
    ASSERT_EQ(kinds_of(pid), "fork exit ");
    const LifeEvent end = of(pid)[1].event;
    EXPECT_EQ(end.exit_code, 6);
    if (!is_taskstats()) continue;
    ASSERT_TRUE(end.account.paging_faults_minor);
    const std::int64_t all = usages[pid].ru_minflt;
    EXPECT_LE(*end.account.paging_faults_minor, all);
    // A thread's end touches a page or two after its account was made.
    EXPECT_GE(*end.account.paging_faults_minor, all - 32);
    EXPECT_GE(*end.account.memory_peak, 7 << 20);
    EXPECT_GE(*end.account.context_switches_voluntary, 8);
    EXPECT_GT(*end.account.cpu_time_user + *end.account.cpu_time_system, 0);
  }
}

TEST_P(NetlinkLives, GoesOnWithTheProcessWhenAThreadExecutes) {
  const pid_t pid = start([] {
    start_thread([](void*) -> void* {
      execl("/bin/sh", "sh", "-c", "sleep 0.3; exit 8", nullptr);
      _exit(97);
    });
    for (;;) pause();
  });
  for (int round = 0; round < 10; ++round) {
    take();
    usleep(10'000);
  }
  EXPECT_EQ(WEXITSTATUS(status_of(pid)), 8);
  take_until_end({pid});
  EXPECT_EQ(kinds_of(pid), "fork exec exit ");
  EXPECT_EQ(of(pid).back().event.exit_code, 8);
}

TEST_P(NetlinkLives, FollowsAProcessThatOutlivesItsParent) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t parent = start([&] {
    const pid_t child = start([] {
      usleep(150'000);
      _exit(9);
    });
    if (write(ends[1], &child, sizeof child) != sizeof child) _exit(1);
    _exit(0);
  });
  pid_t child = 0;
  ASSERT_EQ(read(ends[0], &child, sizeof child), static_cast<ssize_t>(sizeof child));
  close(ends[0]);
  close(ends[1]);
  status_of(parent);
  take_until_end({parent, child});
  EXPECT_EQ(kinds_of(child), "fork exit ");
  EXPECT_EQ(of(child)[0].event.parent_pid, parent);
  EXPECT_EQ(of(child)[1].event.exit_code, 9);
  EXPECT_NE(of(child)[1].event.parent_pid, parent);
}

TEST_P(NetlinkLives, TellsLivesOfOneNumberApart) {
  pid_t pid = start([] { _exit(1); });
  status_of(pid);
  clone_args again{.exit_signal = SIGCHLD,
                   .set_tid = reinterpret_cast<std::uint64_t>(&pid),
                   .set_tid_size = 1};
  for (const int code : {2, 3}) {
    const long child = syscall(SYS_clone3, &again, sizeof again);
    if (child == 0) {
      usleep(code == 2 ? 1000 : 150'000);  // within one turn and longer than one
      _exit(code);
    }
    if (child < 0) GTEST_SKIP() << "no right to choose a pid, or it is taken";
    ASSERT_EQ(child, pid);
    status_of(pid);
  }
  for (int round = 0; round < 1000 && kinds_of(pid) != "fork exit fork exit fork exit "; ++round) {
    usleep(10'000);
    take();
  }
  for (int round = 0; round < 3; ++round) take();
  ASSERT_EQ(kinds_of(pid), "fork exit fork exit fork exit ");
  for (int life = 0; life < 3; ++life) EXPECT_EQ(of(pid)[2 * life + 1].event.exit_code, life + 1);
}

TEST_P(NetlinkLives, KnowsWhatAProcessUsed) {
  if (!is_taskstats()) GTEST_SKIP() << "the connector knows no account";
  const pid_t pid = start([] {
    constexpr int kSize = 30 << 20;
    auto* memory = static_cast<volatile char*>(
        mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    for (int at = 0; at < kSize; at += 4096) memory[at] = 1;
    timespec now{};
    do clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    while (now.tv_sec == 0 && now.tv_nsec < 40'000'000);
    _exit(0);
  });
  rusage usage{};
  status_of(pid, &usage);
  take_until_end({pid});
  ASSERT_EQ(kinds_of(pid), "fork exit ");
  const ProcessAccount account = of(pid)[1].event.account;
  const std::int64_t used = (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000'000LL +
                            (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
  const std::int64_t cpu = account.cpu_time_user.value() + account.cpu_time_system.value();
  EXPECT_LE(cpu, used + 2'000'000);
  // What the kernel spends after the account was made: it frees 30 MB.
  EXPECT_GE(cpu, 40'000'000 - 10'000'000);
  EXPECT_GE(account.memory_peak.value(), 30 << 20);
  EXPECT_LE(account.memory_peak.value(), usage.ru_maxrss * 1024);
  EXPECT_GE(account.paging_faults_minor.value(), (30 << 20) / 4096);
  EXPECT_LE(account.paging_faults_minor.value(), usage.ru_minflt);
  EXPECT_EQ(account.disk_io_read, 0);
  EXPECT_TRUE(account.delay_cpu);
  EXPECT_EQ(of(pid)[1].event.parent_pid, getpid());
  EXPECT_EQ(of(pid)[1].command, "test_ledger");
}

// Two readers at once, one with hardly any room: what it received and what it lost is what the other
// received. What happens between the two being asked makes them differ: then again.
template <class Reader, class Read>
void expect_exact_losses(const Read& received) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    auto large = Reader::open(64 << 20);
    if (!large) GTEST_SKIP() << large.error().text;
    auto small = Reader::open(1);
    ASSERT_TRUE(small) << small.error().text;
    received(*large);
    received(*small);
    const std::int64_t lost_before = small->lost().value();
    for (int child = 0; child < 100; ++child) status_of(start([] { _exit(0); }));
    const std::int64_t small_received = received(*small);
    const std::int64_t lost = small->lost().value() - lost_before;
    const std::int64_t all = received(*large);
    ASSERT_EQ(large->lost(), 0);
    ASSERT_GT(lost, 0);
    if (small_received + lost == all) return;
  }
  FAIL() << "received and lost were never what happened";
}

TEST(Connector, CountsExactlyWhatItLost) {
  expect_exact_losses<Connector>([](Connector& reader) {
    std::int64_t count = 0;
    reader.read([&count](const ConnectorEvent&) { ++count; });
    return count;
  });
}

TEST(Taskstats, CountsExactlyWhatItLost) {
  expect_exact_losses<Taskstats>([](Taskstats& reader) {
    std::int64_t count = 0;
    reader.read([&count](const TaskRecord&) { ++count; });
    return count;
  });
}

// The error that opening gives in a child after `enter`, as its code; -1 for none.
template <class Open>
int error_after(const std::function<bool()>& enter, const Open& open) {
  const pid_t pid = start([&] {
    if (!enter()) _exit(200);
    const auto source = open();
    _exit(source ? 100 : static_cast<int>(source.error().code));
  });
  return WEXITSTATUS(status_of(pid));
}

constexpr int kOpened = 100;
constexpr int kNotEntered = 200;

TEST(NetlinkRefusals, SayThatAPidNamespaceIsNotTheFirst) {
  const auto enter = [] {
    if (unshare(CLONE_NEWPID) != 0) return false;
    const pid_t inner = fork();
    if (inner == 0) return true;
    int status = 0;
    waitpid(inner, &status, 0);
    _exit(WEXITSTATUS(status));
  };
  const int connector = error_after(enter, open_connector);
  if (connector == kNotEntered) GTEST_SKIP() << "no right to make a namespace";
  EXPECT_EQ(connector, static_cast<int>(ErrorCode::absent));
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::absent));
}

TEST(NetlinkRefusals, SayThatANetworkNamespaceIsNotTheFirst) {
  const auto enter = [] { return unshare(CLONE_NEWNET) == 0; };
  const int connector = error_after(enter, open_connector);
  if (connector == kNotEntered) GTEST_SKIP() << "no right to make a namespace";
  EXPECT_EQ(connector, static_cast<int>(ErrorCode::absent));
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::absent));
}

TEST(NetlinkRefusals, SayThatARightIsMissing) {
  if (geteuid() != 0) GTEST_SKIP() << "not root";
  const auto enter = [] { return setgid(65534) == 0 && setuid(65534) == 0; };
  EXPECT_EQ(error_after(enter, open_taskstats), static_cast<int>(ErrorCode::denied));
  const int connector = error_after(enter, open_connector);
  EXPECT_TRUE(connector == kOpened || connector == static_cast<int>(ErrorCode::denied)) << connector;
}

}  // namespace
}  // namespace tacho
