// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_ledger.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

#include "base/text.h"
#include "collectors/redact.h"

namespace tacho {
namespace {

// Within this time an end of a pid that was not born again is the one that was told already.
constexpr std::int64_t kTellsAgain = 2'000'000'000;  // ns
constexpr std::size_t kMostEndsTold = 16384;
// A chain of newborns deeper than this within one tick is connected at later ones.
constexpr int kMostGenerations = 64;

// The kernel tells the start in ns, /proc in ticks of 10 ms; an event that has no start of its own is
// one of a birth a moment ago.
bool is_birth_of(const LivingProcess& process, const LifeEvent& event) {
  const std::int64_t told = event.start_boottime.value_or(event.boottime) / kNanosecondsPerTick;
  return std::abs(told - process.numbers.start_ticks) <= 1;
}

bool is_same_life(const LivingProcess& process, const LifeEvent& event) {
  return !process.end && (!event.start_boottime || is_birth_of(process, event));
}

bool is_same_life(const YoungProcess& process, const LifeEvent& event) {
  return !process.told.start_boottime || !event.start_boottime ||
         process.told.start_boottime == event.start_boottime;
}

// Whether the process of which events told is the one that /proc shows.
bool is_found(const YoungProcess& young, const LivingProcess& process) {
  const std::int64_t told = young.told.start_boottime.value_or(young.born_boottime) / kNanosecondsPerTick;
  // Without a start and a fork, the first event may have come long after the birth.
  const bool is_late = !young.told.start_boottime && told > process.numbers.start_ticks;
  return is_late || std::abs(told - process.numbers.start_ticks) <= 1;
}

void note_identity(ToldProcess& told, const LifeEvent& event) {
  const auto take = [](auto& place, const auto& value) {
    if (value) place = value;
  };
  if (event.start_boottime) told.start_boottime = event.start_boottime;
  if (!event.command.empty()) told.command = escaped(event.command);
  take(told.identity.user_id, event.identity.user_id);
  take(told.identity.group_id, event.identity.group_id);
  take(told.identity.process_group, event.identity.process_group);
  take(told.identity.session, event.identity.session);
  take(told.identity.inner_pid, event.identity.inner_pid);
}

void note_exec(ToldProcess& told, const LifeEvent& event) {
  note_identity(told, event);
  told.executable = escaped(event.executable, kArgumentsLimit);
  RedactedArguments redacted = redact_arguments(event.arguments, kArgumentsLimit);
  told.arguments = std::move(redacted.text);
  told.arguments_cut = redacted.cut || event.arguments_cut;
}

// As a function that the compiler can put in place.
constexpr auto kPid = [](const Living& process) { return process.pid(); };

// Where the process with this pid stands, or the end.
auto place_of(auto& living, int pid) {
  const auto found = std::ranges::lower_bound(living, pid, {}, kPid);
  return found != living.end() && found->pid() == pid ? found : living.end();
}

ToldEnd end_of(const LifeEvent& event) {
  return {.source = event.source,
          .boottime = event.boottime,
          .exit_code = event.exit_code,
          .signal = event.signal,
          .core_dumped = event.core_dumped,
          .account = event.account};
}

}  // namespace

LivingProcess* ProcessLedger::find(int pid) const {
  const auto found = place_of(living, pid);
  return found == living.end() ? nullptr : found->get();
}

// The one that the event is about. One that is young is younger than any other with its pid.
YoungProcess* ProcessLedger::find_young(const LifeEvent& event) const {
  const auto young = young_.find(event.pid);
  return young != young_.end() && is_same_life(*young->second, event) ? young->second.get() : nullptr;
}

LivingProcess* ProcessLedger::find(int pid, const LifeEvent& event) const {
  for (const Living& process : leaving)
    if (process->pid == pid && is_same_life(*process, event)) return process.get();
  LivingProcess* known = find(pid);
  return known != nullptr && is_same_life(*known, event) ? known : nullptr;
}

void ProcessLedger::take(const LifeEvent& event, bool is_reaped) {
  switch (event.kind) {
    case LifeEvent::Kind::fork: return take_fork(event);
    case LifeEvent::Kind::exec: return take_exec(event);
    case LifeEvent::Kind::exit: return take_exit(event, is_reaped);
  }
}

void ProcessLedger::take_fork(const LifeEvent& event) {
  if (LivingProcess* known = find(event.pid); known != nullptr && !known->end && is_birth_of(*known, event)) {
    // Found in /proc before its event came; its parent may be gone since.
    if (!known->family.parent_number && event.parent_pid) {
      inherit(known->family, event.pid, *event.parent_pid);
      known->needs_info = known->needs_info || known->family.parent_number;
    }
    return;
  }
  begin(event);
}

void ProcessLedger::take_exec(const LifeEvent& event) {
  if (YoungProcess* young = find_young(event)) return note_exec(young->told, event);
  LivingProcess* known = find(event.pid, event);
  if (known == nullptr) return note_exec(begin(event).told, event);
  if (!known->told) known->told = std::make_unique<ToldProcess>();
  note_exec(*known->told, event);
  known->needs_info = true;
  known->knows_job = false;
}

// A source that joins what two parts of the kernel say, neither of which knows the start, may say an end
// twice.
bool ProcessLedger::is_told_again(const LifeEvent& event) const {
  const auto told = ends_told_.find(event.pid);
  return told != ends_told_.end() && std::abs(event.boottime - told->second) < kTellsAgain;
}

void ProcessLedger::note_end(const LifeEvent& event) {
  if (event.start_boottime) return;
  if (ends_told_.size() >= kMostEndsTold)
    std::erase_if(ends_told_, [&](const auto& one) { return event.boottime - one.second >= kTellsAgain; });
  if (ends_told_.size() < kMostEndsTold) ends_told_[event.pid] = event.boottime;
}

void ProcessLedger::take_exit(const LifeEvent& event, bool is_reaped) {
  YoungProcess* young = find_young(event);
  if (LivingProcess* known = young == nullptr ? find(event.pid, event) : nullptr) {
    note_end(event);
    known->end = std::make_unique<ToldEnd>(end_of(event));
    ending.push_back(event.pid);
    return;
  }
  if (young == nullptr) {
    if (is_told_again(event)) return;
    young = &begin(event);
  }
  note_end(event);
  note_identity(young->told, event);
  const auto place = young_.find(event.pid);
  finish(std::move(place->second), end_of(event));
  young_.erase(place);
  if (!is_reaped) return;
  gone = std::move(ended.back());
  ended.pop_back();
}

void ProcessLedger::finish(Young young, const ToldEnd& end) {
  young->end = end;
  ended.push_back(std::move(young));
}

YoungProcess& ProcessLedger::begin(const LifeEvent& event) {
  Young& place = young_[event.pid];
  // The pid has come again: the event of its end was lost.
  if (place) finish(std::move(place), {.source = kPolledEnd, .boottime = event.boottime});
  if (event.kind == LifeEvent::Kind::fork) ends_told_.erase(event.pid);
  place = std::make_unique<YoungProcess>();
  YoungProcess& young = *place;
  young.pid = event.pid;
  young.number = next_number_++;
  young.parent_pid = event.parent_pid;
  young.born_boottime = event.boottime;
  note_identity(young.told, event);
  inherit(young.family, event.pid, event.parent_pid.value_or(0));
  return young;
}

void ProcessLedger::introduce(LivingProcess& process) {
  const auto take_told = [&process](YoungProcess& young) {
    process.number = young.number;
    process.family = std::move(young.family);
    process.told = std::make_unique<ToldProcess>(std::move(young.told));
  };
  const auto young = young_.find(process.pid);
  if (young != young_.end() && is_found(*young->second, process)) {
    take_told(*young->second);
    young_.erase(young);
    return;
  }
  if (process.numbers.state == 'Z') {
    const auto zombie = std::ranges::find_if(
        ended, [&](const Young& one) { return one->pid == process.pid && is_found(*one, process); });
    if (zombie != ended.end()) {
      take_told(**zombie);
      process.end = std::make_unique<ToldEnd>(*(*zombie)->end);
      ended.erase(zombie);
      return;
    }
  }
  process.number = next_number_++;
  count(process.family, process.pid == command_ && command_ != 0);
  introduced_.push_back(process.pid);
}

Living ProcessLedger::remove(int pid) {
  const auto found = place_of(living, pid);
  if (found == living.end()) return {};
  Living process = std::move(*found);
  living.erase(found);
  return process;
}

void ProcessLedger::let_go(const std::function<bool(const LivingProcess&)>& is_gone) {
  std::erase_if(living, [&](Living& process) {
    if (!is_gone(*process)) return false;
    leaving.push_back(std::move(process));
    return true;
  });
}

void ProcessLedger::insert(std::vector<Living>&& found) {
  std::ranges::sort(found, {}, kPid);
  const auto middle = static_cast<std::ptrdiff_t>(living.size());
  std::ranges::move(found, std::back_inserter(living));
  std::ranges::inplace_merge(living, living.begin() + middle, {}, kPid);
  found.clear();
}

void ProcessLedger::end_lost(const std::vector<int>& pids, std::int64_t born_before) {
  for (auto at = young_.begin(); at != young_.end();) {
    const std::int64_t born = at->second->born_boottime;
    if (born >= born_before || std::ranges::binary_search(pids, at->first)) {
      ++at;
      continue;
    }
    finish(std::move(at->second), {.source = kPolledEnd, .boottime = born});
    at = young_.erase(at);
  }
}

// Who was born of the command's processes belongs to it, and still does when its parent is gone. Pids
// mostly ascend with generations.
void ProcessLedger::connect_parents() {
  bool again = true;
  for (int generation = 0; again && generation < kMostGenerations; ++generation) {
    again = false;
    for (const int pid : introduced_) {
      LivingProcess* born = find(pid);
      if (born == nullptr) continue;
      const bool belonged = born->family.in_command;
      inherit(born->family, pid, static_cast<int>(born->numbers.parent));
      again = again || born->family.in_command != belonged;
    }
  }
  introduced_.clear();
}

std::optional<ProcessLedger::Relative> ProcessLedger::relative(int pid) const {
  const auto young = young_.find(pid);
  if (young != young_.end()) return Relative{young->second->number, young->second->family};
  if (const LivingProcess* known = find(pid)) return Relative{known->number, known->family};
  for (const Living& gone : leaving)
    if (gone->pid == pid) return Relative{gone->number, gone->family};
  return std::nullopt;
}

void ProcessLedger::inherit(ProcessFamily& family, int pid, int parent) {
  bool in_command = pid == command_ && command_ != 0;
  if (const auto above = parent > 0 ? relative(parent) : std::nullopt) {
    in_command = in_command || above->family.in_command;
    if (family.cgroup.empty()) family.cgroup = above->family.cgroup;
    if (family.job.empty()) family.job = above->family.job;
    family.parent_number = above->number;
  }
  count(family, in_command);
}

void ProcessLedger::count(ProcessFamily& family, bool in_command) {
  if (in_command && !family.in_command && usage_ != nullptr) ++usage_->processes_seen;
  family.in_command = family.in_command || in_command;
}

}  // namespace tacho
