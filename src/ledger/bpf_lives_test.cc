// SPDX-License-Identifier: Apache-2.0
// With the real kernel: each test lets children live and looks at what was told of them.
#include "ledger/bpf_lives.h"

#include <poll.h>
#include <sched.h>

#include <algorithm>
#include <map>

#include "ledger/bpf/life_record.h"
#include "ledger/bpf_lives_fixture.h"
#include "ledger/bpf_ring.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using Kind = LifeEvent::Kind;

TEST_F(BpfLives, TellsBirthProgramAndEnd) {
  const std::string with_newline = "two\nlines", with_escape = "\x1b[31mred";
  const pid_t pid = start([&] {
    execl("/bin/sh", "my sh", "-c", "exit 7", with_newline.c_str(), with_escape.c_str(), nullptr);
  });
  wait_for(pid);
  const auto told = told_of(pid, until_exits({pid}));
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
  for (const Told& one : told)
    EXPECT_EQ(one.event.start_boottime, told[0].event.start_boottime);
  const ProcessIdentity& identity = told[2].event.identity;
  EXPECT_EQ(identity.user_id, geteuid());
  EXPECT_EQ(identity.group_id, getegid());
  // In a namespace they may be outside of it: 0.
  EXPECT_EQ(identity.process_group.value_or(0), getpgid(0));
  EXPECT_EQ(identity.session.value_or(0), getsid(0));
  EXPECT_EQ(identity.inner_pid, pid);
  EXPECT_LE(told[0].event.boottime, told[1].event.boottime);
  EXPECT_LE(told[1].event.boottime, told[2].event.boottime);
  EXPECT_LE(*told[0].event.start_boottime, told[0].event.boottime);
}

TEST_F(BpfLives, TellsTheSignalThatEndedIt) {
  const pid_t pid = start([] { raise(SIGTERM); });
  wait_for(pid);
  const auto told = told_of(pid, until_exits({pid}));
  ASSERT_FALSE(told.empty());
  EXPECT_EQ(told.back().event.signal, SIGTERM);
  EXPECT_FALSE(told.back().event.exit_code);
}

TEST_F(BpfLives, KeepsTheFirstOfManyArguments) {
  const std::string long_one(100'000, 'x'), longer(30'000, 'y');
  const pid_t pid =
      start([&] { execl("/bin/true", "true", long_one.c_str(), longer.c_str(), nullptr); });
  wait_for(pid);
  const auto told = told_of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 3u);
  EXPECT_EQ(told[1].arguments, std::string("true\0", 5) + std::string(4096 - 5, 'x'));
  EXPECT_TRUE(told[1].event.arguments_cut);
}

TEST_F(BpfLives, KeepsThePidWhenAnotherThreadCallsExec) {
  const pid_t pid = start_that_executes_in_a_thread("exit 4");
  wait_for(pid);
  const auto told = told_of(pid, until_exits({pid}));
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
  const auto told = told_of(pid, until_exits({pid}));
  ASSERT_EQ(told.size(), 5u);
  EXPECT_EQ(told[1].executable, "/bin/sh");
  EXPECT_EQ(told[2].executable, "/bin/sh");
  EXPECT_EQ(told[3].executable, "/bin/true");
  EXPECT_EQ(told[3].arguments, std::string("/bin/true\0three\0", 16));
}

TEST_F(BpfLives, TellsAChildOfVfork) {
  volatile pid_t child = 0;
  child = vfork();  // its birth is told by what follows
  if (child == 0) {
    execl("/bin/true", "true", nullptr);
    _exit(99);
  }
  wait_for(child);
  const auto told = told_of(child, until_exits({child}));
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[0].event.kind, Kind::exec);
  EXPECT_EQ(told[0].event.parent_pid, getpid());
  EXPECT_EQ(told[1].event.exit_code, 0);
  EXPECT_EQ(told[1].event.start_boottime, told[0].event.start_boottime);
}

TEST_F(BpfLives, TellsTheEndOfAVforkThatFindsNothingToExecute) {
  const volatile pid_t child = vfork();
  if (child == 0) {
    execl("/nowhere/at/all", "nothing", nullptr);
    _exit(98);
  }
  wait_for(child);
  const auto told = told_of(child, until_exits({child}));
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(told[0].event.parent_pid, getpid());
  EXPECT_EQ(told[0].event.exit_code, 98);
}

TEST_F(BpfLives, TellsAZombieThatNobodyWaitsFor) {
  const std::int64_t incomplete = lives_->incomplete_accounts();
  const pid_t pid = start([] {
    spend(10ms);
    _exit(6);
  });
  const auto told = told_of(pid, until_exits({pid}));  // not waited for
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 6);
  EXPECT_GT(cpu_of(told[1].event), 1'000'000);
  EXPECT_FALSE(told[1].event.account.is_complete);
  EXPECT_GT(lives_->incomplete_accounts(), incomplete);
  wait_for(pid);
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(told_of(pid, take()).empty());
}

TEST_F(BpfLives, TellsTwoLivesOfOneNumberApart) {
  const pid_t pid = start([] { _exit(1); });
  wait_for(pid);
  const pid_t again = start_again(pid, [] { _exit(2); });
  if (again < 0) GTEST_SKIP() << "we may not choose a pid here";
  wait_for(pid);
  std::vector<Told> told;
  for (int round = 0; round < 1000 && told.size() < 4; ++round) {
    std::this_thread::sleep_for(10ms);
    for (Told& one : told_of(pid, take())) told.push_back(std::move(one));
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
  const auto told = told_of(pid, take());
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 5);
  wait_for(pid);
  const pid_t another = start([] { _exit(5); });
  ASSERT_EQ(waitid(P_PID, static_cast<id_t>(another), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(told_of(another, take()).size(), 1u);  // the next waits again
  wait_for(another);
}

TEST_F(BpfLives, TellsAChildWhoseParentIsGone) {
  const auto [parent, child] = start_orphan(20ms, 8);
  const auto told = told_of(child, until_exits({parent, child}));
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
    return told.event.kind == Kind::exit && told.event.parent_pid == parent;
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
        seen += event.pid == child &&
                (event.kind == Kind::fork || event.identity.inner_pid == child);
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

TEST_F(BpfLives, AreTakenOutWhenHalfTheRingIsUsedAndTheBellStops) {
  auto objects = load_bpf(BpfPart::lives);
  ASSERT_TRUE(objects) << objects.error().text;
  const bool has_bell = bool(objects->find("records"));
  const auto bytes = has_bell ? std::size_t{kLifeBellBytes} : std::size_t{kLifeRingBytes};
  const auto ring = BpfRing::create(*objects->find("ring"), bytes);
  ASSERT_TRUE(ring);
  const auto lives = make_bpf_lives(std::move(*objects));
  ASSERT_TRUE(lives) << lives.error().text;
  const std::string longest(kLifeArgumentBytes, 'l');
  pollfd much{.fd = (*lives)->descriptor(), .events = POLLIN};
  int programs = 0;
  while (programs < 2000 && poll(&much, 1, 0) == 0) {  // 300 fill half of it
    wait_for(start([&] { execl("/bin/true", "true", longest.c_str(), nullptr); }));
    ++programs;
  }
  EXPECT_LT(programs, 2000);
  for (int round = 0; round < 1000 && has_bell && (*ring)->used() != 0; ++round)
    std::this_thread::sleep_for(10ms);
  EXPECT_LT((*ring)->used(), has_bell ? std::size_t{1} : std::size_t{kLifeRingWake});
}

}  // namespace
}  // namespace tacho
