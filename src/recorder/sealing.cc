// SPDX-License-Identifier: Apache-2.0
#include "recorder/sealing.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/file.h"
#include "base/places.h"
#include "recorder/rights.h"

namespace tacho {
namespace {

constexpr int kIoPriorityIdle = 3 << 13;  // IOPRIO_CLASS_IDLE

// Share of the last 10 s in which tasks waited for memory, in percent, above which sealing waits: an
// idle machine has 0, one that begins to thrash passes this within seconds.
constexpr double kMemoryIsShort = 10;

bool memory_is_short() {
  const auto pressure = read_file("/proc/pressure/memory", 4096);
  if (!pressure) return false;  // a kernel without PSI cannot tell
  constexpr std::string_view kField = "some avg10=";
  const std::size_t at = pressure->find(kField);
  return at != std::string::npos && std::atof(pressure->c_str() + at + kField.size()) > kMemoryIsShort;
}

// At the end of a recording somebody waits for its sealing. One that was begun at the lowest priority
// may take as long as the machine is busy: after this it is ended, and done anew at the usual one.
constexpr int kPatienceMilliseconds = 1000;

// In the new process, before the reader: only calls that are safe after fork.
void lower_ourselves(SealPriority priority) {
  if (priority == SealPriority::lowest) {
    setpriority(PRIO_PROCESS, 0, 19);
    syscall(SYS_ioprio_set, 1, 0, kIoPriorityIdle);
  }
  const int score = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (score >= 0) {
    [[maybe_unused]] const ssize_t written = write(score, "1000", 4);
    close(score);
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (const Owner* owner = calling_user()) {
    const bool dropped = setgroups(0, nullptr) == 0 && setgid(owner->group) == 0 &&
                         setuid(owner->user) == 0;
    if (!dropped) _exit(126);
  }
  keep_rights_of_a_sealer();
}

}  // namespace

bool Sealer::start(SealPriority priority, EventQueue& events) {
  calling_user();  // looked up before the fork
  const char* arguments[] = {reader_.c_str(), "seal", "--quiet", recording_.c_str(), nullptr};
  const int pid = fork();
  if (pid == 0) {
    lower_ourselves(priority);
    execv(reader_.c_str(), const_cast<char* const*>(arguments));
    _exit(127);
  }
  if (pid < 0) {
    events.push({.name = "seal.failed",
                 .severity = Severity::warning,
                 .body = std::string("cannot start the sealing process: ") + strerror(errno) +
                         "; the live files stay"});
    return false;
  }
  running_ = pid;
  return true;
}

void Sealer::reap(bool wait, EventQueue& events) {
  if (running_ == 0) return;
  int status = 0;
  int ended = 0;
  do {
    ended = waitpid(running_, &status, wait ? 0 : WNOHANG);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return;
  running_ = 0;
  if (ended > 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
    events.push({.name = "seal.failed",
                 .severity = Severity::warning,
                 .body = WIFSIGNALED(status)
                             ? "the sealing process was ended by signal " + std::to_string(WTERMSIG(status))
                             : "the sealing process ended with status " +
                                   std::to_string(WEXITSTATUS(status)) + "; the live files stay"});
}

void Sealer::tend(EventQueue& events) {
  reap(false, events);
  if (!wanted_ || running_ != 0 || memory_is_short()) return;
  wanted_ = false;
  start(SealPriority::lowest, events);
}

void Sealer::end_what_runs(EventQueue& events) {
  for (int waited = 0; running_ != 0 && waited < kPatienceMilliseconds; waited += 10) {
    reap(false, events);
    if (running_ != 0) usleep(10'000);
  }
  if (running_ == 0) return;
  kill(running_, SIGKILL);  // at any instant: what it had not named yet is gone with it
  while (waitpid(running_, nullptr, 0) < 0 && errno == EINTR) {
  }
  running_ = 0;
}

void Sealer::seal_all_and_wait(EventQueue& events) {
  end_what_runs(events);
  if (start(SealPriority::usual, events)) reap(true, events);
}

}  // namespace tacho
