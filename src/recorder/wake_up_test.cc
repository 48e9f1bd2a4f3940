// SPDX-License-Identifier: Apache-2.0
#include "recorder/wake_up.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace tacho {
namespace {

bool is_awake(const WakeUp& wake, int milliseconds = 0) {
  pollfd wait{wake.descriptor(), POLLIN, 0};
  return poll(&wait, 1, milliseconds) == 1;
}

// A pipe whose ends are closed with it.
struct Pipe {
  Pipe() {
    int ends[2] = {-1, -1};
    if (pipe(ends) != 0) abort();
    read_end = FileDescriptor(ends[0]);
    write_end = FileDescriptor(ends[1]);
  }
  FileDescriptor read_end, write_end;
};

// Signals stay blocked in the thread that made a WakeUp: each test is given back as it was.
class WakeUpTest : public ::testing::Test {
 protected:
  void SetUp() override { pthread_sigmask(SIG_SETMASK, nullptr, &before_); }
  void TearDown() override { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  sigset_t before_{};
};

TEST_F(WakeUpTest, ASignalStops) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) {
    auto wake = WakeUp::create(-1, 0);
    ASSERT_TRUE(wake);
    EXPECT_FALSE(is_awake(*wake));
    EXPECT_FALSE(wake->take().stop);
    pthread_kill(pthread_self(), number);
    EXPECT_TRUE(is_awake(*wake)) << number;
    const WakeUp::Reason reason = wake->take();
    EXPECT_TRUE(reason.stop);
    EXPECT_FALSE(reason.report || reason.other);
    EXPECT_FALSE(is_awake(*wake)) << "it was taken";
  }
}

TEST_F(WakeUpTest, TheReportOfTheSupervisorIsHandedOver) {
  Pipe control;
  auto wake = WakeUp::create(control.read_end.get(), getpid());
  ASSERT_TRUE(wake);
  const CommandReport report{.wait_status = 256, .memory_peak = 7};
  ASSERT_EQ(write(control.write_end.get(), &report, sizeof report), ssize_t{sizeof report});
  const WakeUp::Reason reason = wake->take();
  ASSERT_TRUE(reason.report);
  EXPECT_EQ(reason.report->wait_status, 256);
  EXPECT_EQ(reason.report->memory_peak, 7);
  EXPECT_FALSE(reason.stop);
}

TEST_F(WakeUpTest, WithoutASupervisorItLivesAsLongAsTheCommand) {
  Pipe control, life;
  const int command = fork();
  if (command == 0) {
    life.write_end.reset();
    control.write_end.reset();
    char byte = 0;
    [[maybe_unused]] const ssize_t ended = read(life.read_end.get(), &byte, 1);
    _exit(0);
  }
  auto wake = WakeUp::create(control.read_end.get(), command);
  ASSERT_TRUE(wake);
  control.write_end.reset();
  EXPECT_TRUE(is_awake(*wake, 30'000)) << "when the child has closed its end too";
  EXPECT_FALSE(wake->take().stop) << "the command still runs";
  EXPECT_FALSE(is_awake(*wake));
  life.write_end.reset();
  EXPECT_TRUE(is_awake(*wake, 30'000));
  EXPECT_TRUE(wake->take().stop);
  waitpid(command, nullptr, 0);
}

TEST_F(WakeUpTest, ACommandThatIsGoneAlreadyStops) {
  const int command = fork();
  if (command == 0) _exit(0);
  waitpid(command, nullptr, 0);
  Pipe control;
  auto wake = WakeUp::create(control.read_end.get(), command);
  ASSERT_TRUE(wake);
  control.write_end.reset();
  EXPECT_TRUE(wake->take().stop);
}

TEST_F(WakeUpTest, OtherDescriptorsWakeAndDoNotStop) {
  auto wake = WakeUp::create(-1, 0);
  ASSERT_TRUE(wake);
  Pipe other;
  ASSERT_TRUE(wake->add(other.read_end.get()));
  EXPECT_FALSE(is_awake(*wake));
  ASSERT_EQ(write(other.write_end.get(), "x", 1), 1);
  EXPECT_TRUE(is_awake(*wake));
  const WakeUp::Reason reason = wake->take();
  EXPECT_TRUE(reason.other);
  EXPECT_FALSE(reason.stop);
  EXPECT_FALSE(wake->add(-1)) << "and what is none is said";
}

}  // namespace
}  // namespace tacho
