// SPDX-License-Identifier: Apache-2.0
// For tests of processes of which the kernel tells: what it tells is a script, what /proc shows a folder.
#pragma once

#include <fmt/format.h>

#include <cstring>
#include <deque>
#include <vector>

#include "collectors/fixture.h"
#include "ledger/life.h"
#include "ledger/walk.h"

namespace tacho::fixture {

constexpr std::size_t kProcess = 0, kInfo = 1, kExit = 2;
// Watch's clock stands here at its first turn; a process of start tick t was born at t x 10 ms.
constexpr std::int64_t kStart = 1'001'000'000'000;

// Walks over what it was given.
class ToldWalker final : public ProcessWalker {
 public:
  Result<Walk> walk(bool all) override {
    asked_for_all.push_back(all);
    if (is_broken) return Error{ErrorCode::io, "broken"};
    return Walk{.changed = rows, .living = static_cast<std::int64_t>(rows.size())};
  }
  std::vector<WalkedProcess> rows;
  std::vector<bool> asked_for_all;
  bool is_broken = false;
};

// Says what it was given, in one call or in several.
class ToldLives final : public LifeSource {
 public:
  ProcessWalker* walker() override { return has_walker ? &walk : nullptr; }
  ToldWalker walk;
  bool has_walker = false;
  std::string_view name() const override { return "bpf"; }
  Result<void> take(const std::function<void(const LifeEvent&)>& each) override {
    if (events.empty()) return {};
    for (const LifeEvent& event : events.front()) each(event);
    events.pop_front();
    return {};
  }
  std::optional<std::int64_t> lost() const override { return missed; }
  std::int64_t missed = 0;
  std::deque<std::vector<LifeEvent>> events;
};

inline LifeEvent fork_of(int pid, int parent, std::int64_t at = kStart) {
  return {.kind = LifeEvent::Kind::fork, .pid = pid, .boottime = at, .source = "bpf",
          .start_boottime = at, .parent_pid = parent, .command = "sh"};
}
inline LifeEvent exec_of(int pid, std::string_view arguments, std::int64_t start = kStart) {
  return {.kind = LifeEvent::Kind::exec, .pid = pid, .boottime = start + 1000, .source = "bpf",
          .start_boottime = start, .command = "cc1plus", .executable = "/usr/bin/cc1plus",
          .arguments = arguments};
}
inline LifeEvent exit_of(int pid, std::int64_t start = kStart) {
  LifeEvent event{.kind = LifeEvent::Kind::exit, .pid = pid, .boottime = start + 5'000'000,
                  .source = "bpf", .start_boottime = start, .exit_code = 7, .core_dumped = false};
  event.account = {.cpu_time_user = 1000, .cpu_time_system = 234, .memory_peak = 20 << 20};
  return event;
}

inline void write_living(Machine& machine, int pid, int parent, char state = 'S', std::int64_t start = kStart) {
  const std::string folder = fmt::format("proc/{}/", pid);
  machine.write(folder + "stat",
                fmt::format("{} (sh) {} {} 1 1 0 -1 4194304 50 0 2 0 0 0 0 0 20 0 1 0 {} 8388608 {} "
                            "0 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
                            pid, state, parent, start / 10'000'000, 300));
  machine.write(folder + "schedstat", "1000 10 1\n");
  machine.write(folder + "statm", "2048 300 300 10 0 200 0\n");
  machine.write(folder + "status", "Uid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nVmHWM:\t 1200 kB\n");
  machine.write(folder + "cgroup", "0::/system.slice/build.service\n");
  machine.write(folder + "cmdline", std::string_view("sh\0", 3));
}

inline WalkedProcess walked(int pid, std::int64_t cpu_time, std::int64_t start = kStart) {
  WalkedProcess row{};
  row.pid = pid;
  row.start_boottime = start;
  row.parent_pid = 1;
  row.state = 'S';
  row.cpu_time_user = cpu_time;
  row.memory_usage = 300 * 4096;
  row.memory_peak = row.memory_swap = -1;
  row.memory_virtual = 8388608;
  row.thread_count = 1;
  std::memcpy(row.command, "sh", 3);
  return row;
}

}  // namespace tacho::fixture
