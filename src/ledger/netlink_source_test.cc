// SPDX-License-Identifier: Apache-2.0
// The connector alone and with taskstats, with the real kernel: children live, and each source must
// tell the same of them.
#include "ledger/netlink_source.h"

#include <map>
#include <set>

#include "ledger/life_testing.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using Kind = LifeEvent::Kind;

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
      told_.emplace_back(event);
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
  std::vector<Told> of(int pid) const { return told_of(pid, told_); }
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
    statuses[pid] = wait_for(pid).status;
  }
  for (const int number : {SIGKILL, SIGTERM, SIGSEGV}) {
    const pid_t pid = start([number] {
      signal(number, SIG_DFL);
      raise(number);
    });
    statuses[pid] = wait_for(pid).status;
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
    wait_for(pid);
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
  wait_for(pid);
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
  wait_for(pid);
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
    end_main_thread();
  });
  int status = 0;
  for (int round = 0; round < 20; ++round) {
    take();
    if (waitpid(pid, &status, WNOHANG) == pid) break;
    EXPECT_EQ(kinds_of(pid).find("exit"), std::string::npos) << "while a thread of it lives";
    usleep(15'000);
  }
  if (status == 0) status = wait_for(pid).status;
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
  EXPECT_EQ(wait_for(pid).exit_code(), 4);
}

TEST_P(NetlinkLives, HandsOverWhatItHoldsBackWhenNothingWillFollow) {
  const pid_t pid = start([] { _exit(4); });
  wait_for(pid);
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
          touch(1 << 20);
          for (;;) pause();
        });
      usleep(50'000);
      _exit(6);
    });
    usages[pid] = wait_for(pid).usage;
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
  const pid_t pid = start_that_executes_in_a_thread("sleep 0.3; exit 8");
  for (int round = 0; round < 10; ++round) {
    take();
    usleep(10'000);
  }
  EXPECT_EQ(wait_for(pid).exit_code(), 8);
  take_until_end({pid});
  EXPECT_EQ(kinds_of(pid), "fork exec exit ");
  EXPECT_EQ(of(pid).back().event.exit_code, 8);
}

TEST_P(NetlinkLives, FollowsAProcessThatOutlivesItsParent) {
  const auto [parent, child] = start_orphan(150ms, 9);
  take_until_end({parent, child});
  EXPECT_EQ(kinds_of(child), "fork exit ");
  EXPECT_EQ(of(child)[0].event.parent_pid, parent);
  EXPECT_EQ(of(child)[1].event.exit_code, 9);
  EXPECT_NE(of(child)[1].event.parent_pid, parent);
}

TEST_P(NetlinkLives, TellsLivesOfOneNumberApart) {
  const pid_t pid = start([] { _exit(1); });
  wait_for(pid);
  for (const int code : {2, 3}) {
    const pid_t child = start_again(pid, [code] {
      usleep(code == 2 ? 1000 : 150'000);  // within one turn and longer than one
      _exit(code);
    });
    if (child < 0) GTEST_SKIP() << "no right to choose a pid, or it is taken";
    ASSERT_EQ(child, pid);
    wait_for(pid);
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
    touch(30 << 20);
    spend(40ms);
    _exit(0);
  });
  const Ended ended = wait_for(pid);
  const rusage& usage = ended.usage;
  take_until_end({pid});
  ASSERT_EQ(kinds_of(pid), "fork exit ");
  const ProcessAccount account = of(pid)[1].event.account;
  const std::int64_t used = ended.cpu();
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

}  // namespace
}  // namespace tacho
