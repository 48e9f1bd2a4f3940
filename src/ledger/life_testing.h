// SPDX-License-Identifier: Apache-2.0
// For the tests of sources of lives: children that do what processes do, and what was told of them.
#pragma once

#include <gtest/gtest.h>
#include <linux/sched.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "ledger/life.h"

namespace tacho {

// An event with its views kept.
struct Told {
  explicit Told(const LifeEvent& told)
      : event(told), command(told.command), executable(told.executable), arguments(told.arguments) {}
  LifeEvent event;
  std::string command, executable, arguments;
};

inline std::vector<Told> told_of(int pid, const std::vector<Told>& all) {
  std::vector<Told> found;
  for (const Told& told : all)
    if (told.event.pid == pid) found.push_back(told);
  return found;
}

// A child that does it; one that comes back from it ends with 99.
inline pid_t start(const std::function<void()>& deed) {
  const pid_t pid = fork();
  if (pid == 0) {
    deed();
    _exit(99);
  }
  return pid;
}

struct Ended {
  int status = -1;  // as from wait4
  rusage usage{};
  int exit_code() const { return WIFEXITED(status) ? WEXITSTATUS(status) : -1; }
  std::int64_t cpu() const {  // ns
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000'000LL +
           (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1000LL;
  }
};

inline Ended wait_for(pid_t pid) {
  Ended ended;
  EXPECT_EQ(wait4(pid, &ended.status, 0, &ended.usage), pid);
  return ended;
}

// What follows is for children: they end where something does not work.

// Uses so much memory.
inline void touch(std::size_t bytes) {
  auto* memory = static_cast<volatile char*>(
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  if (memory == MAP_FAILED) _exit(98);
  for (std::size_t at = 0; at < bytes; at += 4096) memory[at] = 1;
}

// Until the process, or with CLOCK_THREAD_CPUTIME_ID the thread, has used so much.
inline void spend(std::chrono::nanoseconds cpu, clockid_t clock = CLOCK_PROCESS_CPUTIME_ID) {
  timespec now{};
  do {
    clock_gettime(clock, &now);
  } while (std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec) < cpu);
}

inline pthread_t start_thread(void* (*body)(void*)) {
  pthread_t thread{};
  if (pthread_create(&thread, nullptr, body, nullptr) != 0) _exit(98);
  return thread;
}

// The main thread alone: pthread_exit would run the test program's own ends.
inline void end_main_thread() { syscall(SYS_exit, 0); }

// A child that outlives its parent by so much and ends with `code`; the parent is gone.
struct Orphan {
  pid_t parent = 0, child = 0;
};
inline Orphan start_orphan(std::chrono::microseconds time, int code) {
  Orphan orphan;
  int ends[2];
  if (pipe(ends) != 0) return orphan;
  orphan.parent = start([&] {
    const pid_t child = start([&] {
      usleep(static_cast<useconds_t>(time.count()));
      _exit(code);
    });
    _exit(write(ends[1], &child, sizeof child) == sizeof child ? 0 : 97);
  });
  EXPECT_EQ(read(ends[0], &orphan.child, sizeof orphan.child), static_cast<ssize_t>(sizeof orphan.child));
  close(ends[0]);
  close(ends[1]);
  wait_for(orphan.parent);
  return orphan;
}

// A child with the pid of one that has been waited for; -1 where we may not choose, or it is taken.
inline pid_t start_again(pid_t pid, const std::function<void()>& deed) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<__u64>(&pid);
  arguments.set_tid_size = 1;
  const long child = syscall(SYS_clone3, &arguments, sizeof arguments);
  if (child == 0) {
    deed();
    _exit(99);
  }
  return static_cast<pid_t>(child);
}

// A child of which a thread, not the main one, becomes `sh -c SCRIPT`.
inline pid_t start_that_executes_in_a_thread(const char* script) {
  static const char* run;
  run = script;
  return start([] {
    start_thread([](void*) -> void* {
      execl("/bin/sh", "sh", "-c", run, nullptr);
      _exit(97);
    });
    for (;;) pause();
  });
}

}  // namespace tacho
