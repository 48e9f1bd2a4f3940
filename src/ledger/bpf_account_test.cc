// SPDX-License-Identifier: Apache-2.0
// What BPF tells of a process's use, beside what wait4 and the process itself say.
#include <fcntl.h>

#include <cstring>
#include <fstream>

#include "ledger/bpf_lives_fixture.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

class BpfAccount : public BpfLives {
 protected:
  struct Life {
    pid_t pid = 0;
    Ended ended;
    std::vector<Told> all, told;  // `told` is of this one
  };

  // A child that does it, and what was told of it. Where the kernel runs no program when it lets go of one
  // (some virtual machines at one in a thousand), the account says that it is not complete: then it is done
  // again. That may not be the rule.
  static Life complete_life(const std::function<void()>& deed) {
    for (int tries = 1;; ++tries) {
      Life life{.pid = start(deed)};
      life.ended = wait_for(life.pid);
      life.all = until_exits({life.pid});
      life.told = told_of(life.pid, life.all);
      const bool is_complete = !life.told.empty() && life.told.back().event.account.is_complete;
      EXPECT_TRUE(is_complete || tries < 4);
      if (is_complete || tries == 4) return life;
    }
  }
};

TEST_F(BpfAccount, TellsTheAccountThatWaitTells) {
  const auto [pid, ended, all, told] = complete_life([] {
    const int file = open("/dev/null", O_WRONLY);
    const std::string bytes(5000, 'b');
    if (write(file, bytes.data(), bytes.size()) != 5000) _exit(97);
    touch(std::size_t{40} << 20);
    spend(20ms);
    usleep(1000);
    _exit(0);
  });
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

TEST_F(BpfAccount, TellsThePeakOfTheLastProgramOnly) {
  // The image before the exec is larger by far; the kernel's own maximum would be its.
  const pid_t small = start([] {
    touch(std::size_t{100} << 20);
    execl("/bin/true", "true", nullptr);
  });
  wait_for(small);
  const auto told = told_of(small, until_exits({small}));
  ASSERT_FALSE(told.empty());
  ASSERT_TRUE(told.back().event.account.memory_peak);
  EXPECT_LT(*told.back().event.account.memory_peak, 20 << 20);
  EXPECT_GT(*told.back().event.account.memory_peak, 200'000);
}

TEST_F(BpfAccount, TellsAPeakWithinTwoPercent) {
  constexpr std::size_t kBytes = std::size_t{60} << 20;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = start([&] {
    touch(kBytes);
    // Counts the pages themselves: VmRSS lags before Linux 6.2.
    std::ifstream status("/proc/self/smaps_rollup");
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("Rss:") && write(ends[1], line.data(), line.size()) > 0) _exit(0);
  });
  wait_for(pid);
  char text[200] = {};
  ASSERT_GT(read(ends[0], text, sizeof text - 1), 0);
  close(ends[0]);
  close(ends[1]);
  const double resident = std::atof(text + std::strlen("Rss:")) * 1024;
  const auto told = told_of(pid, until_exits({pid}));
  ASSERT_FALSE(told.empty());
  const auto peak = static_cast<double>(told.back().event.account.memory_peak.value_or(-1));
  EXPECT_NEAR(peak, resident, resident * 0.02);
}

void* spend_in_thread(void*) {
  spend(5ms, CLOCK_THREAD_CPUTIME_ID);
  return nullptr;
}

TEST_F(BpfAccount, CountsThreadsToTheirProcessAndTellsNoneOfThem) {
  const auto [pid, ended, all, told] = complete_life([] {
    pthread_t threads[4];
    for (pthread_t& thread : threads) thread = start_thread(spend_in_thread);
    pthread_join(threads[0], nullptr);
    _exit(3);  // the others may still run
  });
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 3);
  EXPECT_NEAR(static_cast<double>(cpu_of(told[1].event)), static_cast<double>(ended.cpu()), 50'000);
  for (const Told& one : all)
    if (one.event.parent_pid == pid) ADD_FAILURE() << "a thread was told as process " << one.event.pid;
}

TEST_F(BpfAccount, TellsAProcessWhoseMainThreadEndedFirst) {
  const auto [pid, ended, all, told] = complete_life([] {
    start_thread([](void*) -> void* {
      usleep(20'000);
      spend_in_thread(nullptr);
      _exit(5);
    });
    end_main_thread();
  });
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(told[1].event.exit_code, 5);
  EXPECT_NEAR(static_cast<double>(cpu_of(told[1].event)), static_cast<double>(ended.cpu()), 50'000);
}

}  // namespace
}  // namespace tacho
