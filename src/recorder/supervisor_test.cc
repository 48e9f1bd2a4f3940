// SPDX-License-Identifier: Apache-2.0
#include "recorder/supervisor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <new>

#include "base/file.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

// What the processes of a test tell each other: shared between them all.
struct Shared {
  std::atomic<int> supervisor{0}, recorder{0}, command{0}, began{0};
  CommandReport report;
};

// Bounded waiting: a condition that never comes fails the test and does not hang it.
template <class Condition>
bool comes_true(Condition condition) {
  for (int i = 0; i < 20'000; ++i) {
    if (condition()) return true;
    usleep(1'000);
  }
  return false;
}

struct Outcome {
  int wait_status = 0;
  std::string out, err;
  bool exited_with(int status) const {
    return WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == status;
  }
  bool died_of(int signal) const {
    return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == signal;
  }
};

class Supervise : public ::testing::Test {
 protected:
  void SetUp() override {
    void* memory = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ASSERT_NE(memory, MAP_FAILED);
    shared = new (memory) Shared;
  }
  void TearDown() override {
    if (shared->recorder != 0) kill(shared->recorder, SIGKILL);
    munmap(shared, sizeof(Shared));
  }

  void begin(const SuperviseOptions& options, const RecorderProcess& recorder,
             const std::function<void()>& first = {}) {
    out = memfd_create("out", 0);
    err = memfd_create("err", 0);
    pid = fork();
    if (pid > 0) return;
    shared->supervisor = getpid();
    dup2(out, STDOUT_FILENO);
    dup2(err, STDERR_FILENO);
    if (first) first();
    _exit(supervise(options, recorder));
  }

  Outcome end() {
    Outcome outcome;
    waitpid(pid, &outcome.wait_status, 0);
    outcome.out = *read_file("/proc/self/fd/" + std::to_string(out));
    outcome.err = *read_file("/proc/self/fd/" + std::to_string(err));
    close(out);
    close(err);
    return outcome;
  }

  Outcome run(const SuperviseOptions& options, const RecorderProcess& recorder,
              const std::function<void()>& first = {}) {
    begin(options, recorder, first);
    return end();
  }

  // A recorder as it should be.
  RecorderProcess good() {
    return [this](int command, const RecorderChannel& channel) {
      shared->recorder = getpid();
      shared->command = command;
      EXPECT_TRUE(write_all(channel.ready, "r"));
      const ssize_t got = read(channel.control, &shared->report, sizeof shared->report);
      const bool reported = got == sizeof shared->report;
      EXPECT_TRUE(write_all(channel.receipt, reported ? "receipt\nof two lines\n" : "no report\n"));
      close(channel.receipt);
      shared->recorder = 0;
      return 0;
    };
  }

  Shared* shared = nullptr;
  int out = -1, err = -1, pid = 0;
};

SuperviseOptions shell(const std::string& script) {
  return {.arguments = {"sh", "-c", script}, .timeout = {}, .quiet = false};
}

TEST_F(Supervise, EndsAsTheCommandAndPrintsTheReceiptOnStderrOnly) {
  const auto outcome = run(shell("echo out; echo err >&2; exit 42"), good());
  EXPECT_TRUE(outcome.exited_with(42));
  EXPECT_EQ(outcome.out, "out\n");
  EXPECT_EQ(outcome.err, "err\nreceipt\nof two lines\n");
  EXPECT_EQ(WEXITSTATUS(shared->report.wait_status), 42);
  EXPECT_GT(shared->report.memory_peak, 0);
  EXPECT_GT(shared->report.start_boottime, 0);
  EXPECT_GT(shared->report.end_boottime, shared->report.start_boottime);
  EXPECT_GT(shared->report.end_time, shared->report.start_time);
  EXPECT_FALSE(shared->report.timed_out);
}

TEST_F(Supervise, SaysNothingWhenQuiet) {
  SuperviseOptions options = shell("exit 3");
  options.quiet = true;
  const auto outcome = run(options, good());
  EXPECT_TRUE(outcome.exited_with(3));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Supervise, DiesOfTheSameSignalAsTheCommand) {
  for (const int signal : {SIGTERM, SIGINT, SIGKILL, SIGSEGV, SIGHUP, SIGUSR1}) {
    const auto outcome = run(shell("kill -" + std::to_string(signal) + " $$"), good());
    EXPECT_TRUE(outcome.died_of(signal)) << signal << " " << outcome.wait_status;
    EXPECT_FALSE(WCOREDUMP(outcome.wait_status));
    EXPECT_TRUE(WIFSIGNALED(shared->report.wait_status));
  }
}

TEST_F(Supervise, StartsNoRecorderForWhatDoesNotExist) {
  const auto recorder = [this](int, const RecorderChannel&) {
    shared->began = 1;
    return 0;
  };
  auto outcome = run({.arguments = {"/no/such/program"}, .timeout = {}}, recorder);
  EXPECT_TRUE(outcome.exited_with(127));
  EXPECT_EQ(outcome.err, "tacho: cannot run '/no/such/program': No such file or directory\n");
  outcome = run({.arguments = {"no-such-program\x1b"}, .timeout = {}}, recorder);
  EXPECT_TRUE(outcome.exited_with(127));
  EXPECT_EQ(outcome.err, "tacho: cannot run 'no-such-program\\x1b': No such file or directory\n");
  outcome = run({.arguments = {"/etc/passwd"}, .timeout = {}}, recorder);
  EXPECT_TRUE(outcome.exited_with(126));
  EXPECT_EQ(outcome.err, "tacho: cannot run '/etc/passwd': Permission denied\n");
  EXPECT_EQ(shared->began, 0);
}

TEST_F(Supervise, AFolderOfPathThatIsClosedIsNoReason) {
  if (geteuid() == 0) GTEST_SKIP() << "nothing is closed to root";
  char folder[] = "/tmp/tacho-supervisor-test-XXXXXX";
  ASSERT_NE(mkdtemp(folder), nullptr);
  ASSERT_EQ(chmod(folder, 0), 0);
  const std::string before = getenv("PATH");
  setenv("PATH", (std::string(folder) + ":" + before).c_str(), 1);
  const auto outcome = run({.arguments = {"no-such-program"}, .timeout = {}}, good());
  setenv("PATH", before.c_str(), 1);
  rmdir(folder);
  EXPECT_TRUE(outcome.exited_with(127));
  EXPECT_EQ(outcome.err, "tacho: cannot run 'no-such-program': No such file or directory\n");
}

TEST_F(Supervise, ReportsWhatTheKernelWouldNotExecute) {
  // Found and marked as a program, but with an interpreter that does not exist.
  char path[] = "/tmp/tacho-supervisor-test-XXXXXX";
  const int file = mkstemp(path);
  ASSERT_TRUE(write_all(file, "#!/no/such/interpreter\n"));
  fchmod(file, 0700);
  close(file);
  const auto outcome = run({.arguments = {path}, .timeout = {}}, good());
  unlink(path);
  EXPECT_TRUE(outcome.exited_with(127));
  EXPECT_EQ(outcome.err, std::string("tacho: cannot run '") + path +
                             "': No such file or directory\n");
}

TEST_F(Supervise, RunsTheCommandWhenTheRecorderDiesAtOnce) {
  const auto outcome = run(shell("echo ran; exit 5"), [](int, const RecorderChannel&) { return 9; });
  EXPECT_TRUE(outcome.exited_with(5));
  EXPECT_EQ(outcome.out, "ran\n");
  EXPECT_EQ(outcome.err,
            "tacho: the recorder ended with status 9 before its time; what it had written is "
            "kept\n");
}

TEST_F(Supervise, RunsTheCommandWhenTheRecorderNeverStartsToRecord) {
  const auto recorder = [this](int, const RecorderChannel&) {
    shared->recorder = getpid();
    while (true) pause();
    return 0;
  };
  const auto outcome = run(shell("echo ran; exit 6"), recorder);
  EXPECT_TRUE(outcome.exited_with(6));
  EXPECT_EQ(outcome.out, "ran\n");
  EXPECT_EQ(outcome.err, "tacho: the recorder did not answer within 5 s; it was left to itself\n");
}

TEST_F(Supervise, StopsWaitingForTheReceiptWhenSomebodyAsks) {
  const auto recorder = [this](int, const RecorderChannel& channel) {
    shared->recorder = getpid();
    EXPECT_TRUE(write_all(channel.ready, "r"));
    // The report can be read when the command has ended; it is never taken.
    struct pollfd control {.fd = channel.control, .events = POLLIN, .revents = 0};
    poll(&control, 1, -1);
    shared->began = 1;
    while (true) pause();
    return 0;
  };
  begin(shell("exit 7"), recorder);
  ASSERT_TRUE(comes_true([&] { return shared->began == 1; }));
  kill(shared->supervisor, SIGINT);
  const auto outcome = end();
  EXPECT_TRUE(outcome.exited_with(7));
  EXPECT_EQ(outcome.err, "");
}

TEST_F(Supervise, RunsOnWhenTheRecorderIsKilledInTheMiddle) {
  const auto recorder = [this](int, const RecorderChannel& channel) {
    shared->recorder = getpid();
    EXPECT_TRUE(write_all(channel.ready, "r"));
    while (true) pause();
    return 0;
  };
  std::array<int, 2> go{};
  ASSERT_EQ(pipe(go.data()), 0);
  begin(shell("echo began; read line; echo went on; exit 8"), recorder,
        [&] { dup2(go[0], STDIN_FILENO); });
  ASSERT_TRUE(comes_true([&] { return lseek(out, 0, SEEK_END) > 0; }));
  const int killed = shared->recorder.exchange(0);
  kill(killed, SIGKILL);
  ASSERT_TRUE(comes_true([&] { return kill(killed, 0) != 0; }));  // the supervisor took note
  EXPECT_TRUE(write_all(go[1], "\n"));
  const auto outcome = end();
  EXPECT_TRUE(outcome.exited_with(8));
  EXPECT_EQ(outcome.out, "began\nwent on\n");
  EXPECT_NE(outcome.err.find("was ended by signal 9"), std::string::npos) << outcome.err;
  close(go[0]);
  close(go[1]);
}

TEST_F(Supervise, EndsAsTheCommandWhenTheRecorderIsKilledAtTheEnd) {
  const auto recorder = [](int, const RecorderChannel& channel) {
    CommandReport report;
    EXPECT_TRUE(write_all(channel.ready, "r"));
    EXPECT_EQ(read(channel.control, &report, sizeof report), ssize_t{sizeof report});
    raise(SIGKILL);
    return 0;
  };
  const auto outcome = run(shell("exit 9"), recorder);
  EXPECT_TRUE(outcome.exited_with(9));
  EXPECT_NE(outcome.err.find("was ended by signal 9"), std::string::npos) << outcome.err;
}

TEST_F(Supervise, PassesOnWhatTheRecorderSaysWhenTheCommandHasEnded) {
  const auto recorder = [](int, const RecorderChannel& channel) {
    EXPECT_TRUE(write_all(STDERR_FILENO, "tacho: not recording: no space\n"));
    EXPECT_TRUE(write_all(STDOUT_FILENO, "never seen\n"));
    EXPECT_TRUE(write_all(channel.ready, "r"));
    return 1;
  };
  const auto outcome = run(shell("echo first >&2"), recorder);
  EXPECT_TRUE(outcome.exited_with(0));
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(outcome.err, "first\ntacho: not recording: no space\n");
}

TEST_F(Supervise, DoesNotHoldThePipesOfTheCommand) {
  // The command closes its end of the pipe and lives on until it is told that the end was seen.
  std::array<int, 2> data{}, seen{};
  ASSERT_EQ(pipe(data.data()), 0);
  ASSERT_EQ(pipe(seen.data()), 0);
  fcntl(data[0], F_SETFD, FD_CLOEXEC);
  fcntl(seen[1], F_SETFD, FD_CLOEXEC);
  const std::string output = std::to_string(data[1]), input = std::to_string(seen[0]);
  begin(shell("echo x >&" + output + "; exec " + output + ">&-; read line <&" + input), good(),
        [&] {
          close(data[0]);
          close(seen[1]);
        });
  close(data[1]);
  close(seen[0]);
  std::array<char, 8> buffer{};
  EXPECT_EQ(read(data[0], buffer.data(), buffer.size()), 2);
  struct pollfd wanted {.fd = data[0], .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&wanted, 1, 20'000), 1);
  EXPECT_EQ(read(data[0], buffer.data(), buffer.size()), 0);
  EXPECT_TRUE(write_all(seen[1], "\n"));
  EXPECT_TRUE(end().exited_with(0));
  close(data[0]);
  close(seen[1]);
}

TEST_F(Supervise, LeavesClosedDescriptorsClosedForTheCommand) {
  for (const int closed : {0, 1, 2}) {
    const std::string test = "[ ! -e /proc/$$/fd/" + std::to_string(closed) + " ] || exit 1";
    const auto outcome = run(shell(test), good(), [&] { close(closed); });
    EXPECT_TRUE(outcome.exited_with(0)) << closed;
    EXPECT_EQ(outcome.err, closed == 2 ? "" : "receipt\nof two lines\n");
  }
}

TEST_F(Supervise, ForwardsSignalsThatWereSentToIt) {
  for (const int signal : {SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGINT, SIGQUIT, SIGWINCH}) {
    shared->began = 0;
    begin(shell("trap 'exit 77' " + std::to_string(signal) +
                "; echo ready; while :; do sleep 0.01; done"),
          good());
    ASSERT_TRUE(comes_true([&] { return lseek(out, 0, SEEK_END) > 0; }));
    kill(shared->supervisor, signal);
    EXPECT_TRUE(end().exited_with(77)) << signal;
  }
}

TEST_F(Supervise, StopsAndGoesOnWithTheCommand) {
  begin(shell("kill -TSTP $$; exit 11"), good(), [] { setpgid(0, 0); });
  int status = 0;
  ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
  EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTSTP) << status;
  kill(pid, SIGCONT);
  EXPECT_TRUE(end().exited_with(11));
}

TEST_F(Supervise, EndsTheCommandAfterTheTimeout) {
  SuperviseOptions options = shell("trap 'exit 0' TERM; while :; do sleep 0.01; done");
  options.timeout = 200ms;
  const auto outcome = run(options, good());
  EXPECT_TRUE(outcome.exited_with(124));
  EXPECT_TRUE(shared->report.timed_out);
  options = shell("kill -STOP $$");
  options.timeout = 100ms;
  EXPECT_TRUE(run(options, good()).exited_with(124));
  options = shell("exit 0");
  options.timeout = 1h;
  EXPECT_TRUE(run(options, good()).exited_with(0));
}

TEST_F(Supervise, LetsTheCommandRunWhereNothingElseCanBeStarted) {
  // Descriptors for the program and its three, none for pipes.
  const auto starve = [] {
    const struct rlimit few {.rlim_cur = 3, .rlim_max = 3};
    for (int i = 3; i < 64; ++i) close(i);
    setrlimit(RLIMIT_NOFILE, &few);
  };
  SuperviseOptions options{.arguments = {"/bin/false"}, .timeout = {}};
  auto outcome = run(options, good(), starve);
  EXPECT_NE(outcome.err.find("tacho: not recording: cannot"), std::string::npos) << outcome.err;
  options.timeout = 1h;
  outcome = run(options, good(), starve);
  EXPECT_TRUE(outcome.exited_with(125));
  EXPECT_NE(outcome.err.find("nothing was started"), std::string::npos) << outcome.err;
}

TEST_F(Supervise, GivesTheCommandItsChildrenWhereTheCallerIgnoresThem) {
  const auto ignore = [] { std::signal(SIGCHLD, SIG_IGN); };
  const SuperviseOptions options{.arguments = {"grep", "SigIgn", "/proc/self/status"},
                                 .timeout = {}};
  const auto outcome = run(options, good(), ignore);
  EXPECT_TRUE(outcome.exited_with(0));
  const auto alone = std::stoull(outcome.out.substr(outcome.out.find(':') + 1), nullptr, 16);
  EXPECT_NE(alone & (1ull << (SIGCHLD - 1)), 0u) << outcome.out;
}

TEST_F(Supervise, StartsTheRecorderDeafAndWithoutTheCallersDescriptors) {
  const auto recorder = [this](int, const RecorderChannel& channel) {
    const auto names = list_folder(open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
    // 0 1 2, three of the channel, and the two of this listing.
    EXPECT_EQ(names->size(), 8u);
    struct sigaction action {};
    for (const int signal : {SIGINT, SIGTERM, SIGTSTP, SIGHUP}) {
      sigaction(signal, nullptr, &action);
      EXPECT_EQ(action.sa_handler, SIG_IGN);
    }
    EXPECT_EQ(getpgrp(), getpid());
    shared->began = HasFailure() ? 2 : 1;
    EXPECT_TRUE(write_all(channel.receipt, "."));
    return 0;
  };
  const int stray = open("/dev/null", O_RDONLY);
  EXPECT_TRUE(run(shell("exit 0"), recorder).exited_with(0));
  close(stray);
  EXPECT_EQ(shared->began, 1);
}

}  // namespace
}  // namespace tacho
