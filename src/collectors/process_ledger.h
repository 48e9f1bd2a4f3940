// SPDX-License-Identifier: Apache-2.0
// Who is who: numbers processes, knows whose child each is and what belongs to the command of
// `tacho run`, and joins what the kernel's events tell with what is found in /proc. A process is
// found before its event comes, or its event comes and it is gone before it could be found: either
// way it has one number.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "collectors/command_usage.h"
#include "collectors/process_record.h"
#include "ledger/life.h"

namespace tacho {

class ProcessLedger {
 public:
  using Young = std::unique_ptr<YoungProcess>;

  // `command`: pid of the command of `tacho run`, 0 without one. `usage` may be null.
  ProcessLedger(int command, CommandUsage* usage) : command_(command), usage_(usage) {}

  // Those that are looked at tick by tick, by pid ascending.
  std::vector<Living> living;
  // Those that are gone since the last look; the caller fills it, writes and clears them.
  std::vector<Living> leaving;
  // Pids in `living` of which events told the end since the caller emptied it.
  std::vector<int> ending;
  // Those that ended before they were found, oldest first; the caller writes and clears them.
  std::vector<Young> ended;
  // The same, of one that the last event ended and that is reaped. Written right after its event
  // its memory, and its rows', are still in the processor's caches: nothing is kept until the tick.
  Young gone;

  LivingProcess* find(int pid) const;

  // `is_reaped`: it tells the end of a process that is surely no zombie.
  void take(const LifeEvent& event, bool is_reaped);
  // A process found in /proc, with its `pid`, `numbers` and `command`: gives it its number and what
  // events told of it. A zombie of which they told all is taken from `ended`: it is looked at until it
  // is reaped.
  void introduce(LivingProcess& process);
  // Takes one out of `living`, or puts those that were found in; both keep the order.
  Living remove(int pid);
  // Moves those that are gone from `living` to `leaving`.
  void let_go(const std::function<bool(const LivingProcess&)>& is_gone);
  void insert(std::vector<Living>&& found);
  // Those of which events told, born before that boottime, that are not among `pids` (ascending): the
  // event of their end was lost. They go to `ended`.
  void end_lost(const std::vector<int>& pids, std::int64_t born_before);
  // Parents of those that were introduced since the call before, once all of a turn are in `living`.
  void connect_parents();

 private:
  YoungProcess& begin(const LifeEvent& event);
  void take_fork(const LifeEvent& event);
  void take_exec(const LifeEvent& event);
  void take_exit(const LifeEvent& event, bool is_reaped);
  void finish(Young young, const ToldEnd& end);
  bool is_told_again(const LifeEvent& event) const;
  void note_end(const LifeEvent& event);
  YoungProcess* find_young(const LifeEvent& event) const;
  LivingProcess* find(int pid, const LifeEvent& event) const;
  struct Relative {
    std::uint64_t number;
    const ProcessFamily& family;
  };
  std::optional<Relative> relative(int pid) const;
  void inherit(ProcessFamily& family, int pid, int parent);
  void count(ProcessFamily& family, bool in_command);

  int command_ = 0;
  CommandUsage* usage_ = nullptr;
  std::uint64_t next_number_ = 1;
  std::unordered_map<int, Young> young_;
  std::vector<int> introduced_;  // pids
  // When the last life of a pid ended, as long as that is not long ago and it has not come again.
  std::unordered_map<int, std::int64_t> ends_told_;
};

}  // namespace tacho
