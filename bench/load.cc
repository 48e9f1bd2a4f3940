// SPDX-License-Identifier: Apache-2.0
// A machine's worth of processes to be recorded: with 256 KiB of their own each, a share of them
// awake now and then. Ends, with all of them, when its standard input does or at SIGTERM.
//   bench_load PROCESSES [percent awake=5] [milliseconds between wakes=100; 0: they never sleep]
//              [threads of each=1; those of one process do the same]
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t kOwnMemory = 256 * 1024;
constexpr long kMillisecond = 1'000'000;  // ns

[[noreturn]] void work(int index, bool awake, long period_milliseconds, volatile char* memory) {
  while (!awake) pause();
  // Spread over the period, so that they do not all wake at one moment.
  const long period = period_milliseconds * kMillisecond;
  timespec sleep{};
  sleep.tv_nsec = period > 0 ? index * 7919L * 1000 % period : 0;
  if (period > 0) nanosleep(&sleep, nullptr);
  sleep.tv_sec = period / (1000 * kMillisecond);
  sleep.tv_nsec = period % (1000 * kMillisecond);
  for (std::size_t at = 0;; at = (at + 4096) % kOwnMemory) {
    memory[at] = static_cast<char>(memory[at] + 1);
    if (period > 0) nanosleep(&sleep, nullptr);
  }
}

[[noreturn]] void live(int index, bool awake, long period, int threads) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGTERM, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  auto* memory = static_cast<volatile char*>(mmap(nullptr, kOwnMemory, PROT_READ | PROT_WRITE,
                                                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) _exit(1);
  std::memset(const_cast<char*>(memory), index, kOwnMemory);
  for (int more = 1; more < threads; ++more)
    std::thread(work, index, awake, period, memory).detach();
  work(index, awake, period, memory);
}

}  // namespace

int main(int count, char** arguments) {
  const int processes = count > 1 ? std::atoi(arguments[1]) : 0;
  const int percent = count > 2 ? std::atoi(arguments[2]) : 5;
  const long period = count > 3 ? std::atol(arguments[3]) : 100;
  const int threads = count > 4 ? std::atoi(arguments[4]) : 1;
  if (processes < 1 || processes > 100'000 || period < 0 || threads < 1 || threads > 1000) {
    std::fprintf(stderr, "usage: bench_load PROCESSES [PERCENT] [MILLISECONDS] [THREADS]\n");
    return 2;
  }
  sigset_t ending;
  sigemptyset(&ending);
  sigaddset(&ending, SIGTERM);
  sigaddset(&ending, SIGINT);
  sigprocmask(SIG_BLOCK, &ending, nullptr);
  const int signals = signalfd(-1, &ending, SFD_CLOEXEC);
  std::vector<pid_t> children;
  for (int index = 0; index < processes; ++index) {
    const pid_t pid = fork();
    // Every n-th, so that the awake ones are spread over the list.
    const bool awake = index * percent / 100 != (index + 1) * percent / 100;
    if (pid == 0) live(index, awake, period, threads);
    if (pid < 0) break;
    children.push_back(pid);
  }
  std::printf("%zu\n", children.size());
  std::fflush(stdout);
  pollfd waits[2] = {{signals, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
  while (poll(waits, 2, -1) < 0) {
  }
  for (const pid_t pid : children) kill(pid, SIGKILL);
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);
  return children.size() == static_cast<std::size_t>(processes) ? 0 : 1;
}
