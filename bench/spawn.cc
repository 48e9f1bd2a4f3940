// SPDX-License-Identifier: Apache-2.0
// Lives of processes, to be recorded. Everything it starts has ended when it ends, with each of:
//   bench_spawn exits PER_SECOND SECONDS          forks that end at once; 0: as many as can be.
//                                                 Prints how many there were, and in how many ns.
//   bench_spawn spawns COUNT PROGRAM [PER_SECOND] starts a program so often, one after the other.
//                                                 Prints how many ns that took.
//   bench_spawn lives COUNT SECONDS MILLISECONDS MEBIBYTES
//                                                 programs that use so much CPU time and memory,
//                                                 spread over the time. Prints for each
//                                                   life INDEX PID STATUS CPU_NS  as wait4 says
//                                                   peak INDEX BYTES              as it says itself
//   bench_spawn work INDEX MILLISECONDS MEBIBYTES one of these; ends with INDEX % 100.
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace {

constexpr long long kSecond = 1'000'000'000;  // ns
constexpr long long kMillisecond = 1'000'000;
constexpr std::size_t kPage = 4096;
// Forks that are not yet waited for: pids come back in time, and no limit of a user is met.
constexpr int kMostAtOnce = 64;

long long now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * kSecond + time.tv_nsec;
}

void sleep_until(long long moment) {
  const timespec time{.tv_sec = moment / kSecond, .tv_nsec = moment % kSecond};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr) != 0) {
  }
}

[[noreturn]] void give_up(const char* what) {
  std::perror(what);
  std::exit(1);
}

pid_t start(const char* program, char* const arguments[]) {
  pid_t pid = 0;
  const int error = posix_spawn(&pid, program, nullptr, nullptr, arguments, environ);
  if (error == 0) return pid;
  errno = error;
  give_up(program);
}

void take(int& waited, int limit, int& alive) {
  while (alive > limit) {
    if (wait(nullptr) < 0) give_up("wait");
    ++waited;
    --alive;
  }
}

int exits(long long per_second, long long seconds) {
  const long long begin = now(CLOCK_MONOTONIC), end = begin + seconds * kSecond;
  int waited = 0, alive = 0;
  for (long long made = 0; now(CLOCK_MONOTONIC) < end; ++made) {
    // A few at each millisecond, as make does it, not one by one: waking up for each costs as much.
    if (per_second > 0 && made % std::max(1LL, per_second / 1000) == 0)
      sleep_until(begin + made * kSecond / per_second);
    const pid_t pid = fork();
    if (pid == 0) _exit(0);
    if (pid < 0) give_up("fork");
    take(waited, kMostAtOnce, ++alive);
  }
  take(waited, 0, alive);
  std::printf("%d %lld\n", waited, now(CLOCK_MONOTONIC) - begin);
  return 0;
}

int spawns(long long count, char* program, long long per_second) {
  char* const arguments[] = {program, nullptr};
  const long long begin = now(CLOCK_MONOTONIC);
  for (long long made = 0; made < count; ++made) {
    if (per_second > 0) sleep_until(begin + made * kSecond / per_second);
    if (waitpid(start(program, arguments), nullptr, 0) < 0) give_up("waitpid");
  }
  std::printf("%lld\n", now(CLOCK_MONOTONIC) - begin);
  return 0;
}

void tell(const rusage& usage, long long index, pid_t pid, int status) {
  const auto time = [](timeval of) { return of.tv_sec * kSecond + of.tv_usec * 1000LL; };
  char line[128];
  // By one write, since the processes write to the same pipe.
  const int size = std::snprintf(line, sizeof line, "life %lld %d %d %lld\n", index, pid,
                                 WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                 time(usage.ru_utime) + time(usage.ru_stime));
  if (write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) != size) give_up("write");
}

int lives(long long count, long long seconds, char* milliseconds, char* mebibytes) {
  const long long begin = now(CLOCK_MONOTONIC);
  for (long long index = 0; index < count; ++index) {
    sleep_until(begin + index * seconds * kSecond / count);
    std::string number = std::to_string(index);
    char program[] = "/proc/self/exe", name[] = "bench_spawn", work[] = "work";
    char* const arguments[] = {name, work, number.data(), milliseconds, mebibytes, nullptr};
    const pid_t pid = start(program, arguments);
    int status = 0;
    rusage usage{};
    if (wait4(pid, &status, 0, &usage) != pid) give_up("wait4");
    tell(usage, index, pid, status);
  }
  return 0;
}

// Resident bytes now, counted page by page; the kernel's cheaper figures can lag behind.
long long resident() {
  char text[4096];
  const int file = open("/proc/self/smaps_rollup", O_RDONLY | O_CLOEXEC);
  if (file < 0) return -1;
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  text[std::max<ssize_t>(size, 0)] = '\0';
  const char* found = std::strstr(text, "\nRss:");
  return found != nullptr ? std::atoll(found + std::strlen("\nRss:")) * 1024 : -1;
}

[[noreturn]] void work(long long index, long long milliseconds, long long mebibytes) {
  const auto size = static_cast<std::size_t>(mebibytes) << 20;
  auto* memory = static_cast<volatile char*>(
      mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) give_up("mmap");
  for (std::size_t at = 0; at < size; at += kPage) memory[at] = 1;
  while (now(CLOCK_PROCESS_CPUTIME_ID) < milliseconds * kMillisecond) {
  }
  char line[64];
  int length = 0;
  // Twice: the first time maps the code that this takes, and the second counts it.
  for (int time = 0; time < 2; ++time)
    length = std::snprintf(line, sizeof line, "peak %lld %lld\n", index, resident());
  if (write(STDOUT_FILENO, line, static_cast<std::size_t>(length)) != length) _exit(255);
  _exit(static_cast<int>(index % 100));  // what ends a program otherwise maps more
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view what = count > 1 ? arguments[1] : "";
  const auto number = [&](int index) { return index < count ? std::atoll(arguments[index]) : 0; };
  if (what == "work" && count == 5) work(number(2), number(3), number(4));
  prctl(PR_SET_PDEATHSIG, SIGTERM);  // nothing runs on when what measures is killed
  if (what == "exits" && count == 4) return exits(number(2), number(3));
  if (what == "spawns" && count >= 4) return spawns(number(2), arguments[3], number(4));
  if (what == "lives" && count == 6)
    return lives(number(2), number(3), arguments[4], arguments[5]);
  std::fprintf(stderr, "usage: bench_spawn exits|spawns|lives ...; its first lines say how\n");
  return 2;
}
