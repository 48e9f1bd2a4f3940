// SPDX-License-Identifier: Apache-2.0
#include "ledger/life_merger.h"

#include <algorithm>

#include "base/saturating.h"
#include "ledger/cpu_split.h"
#include "ledger/saturated.h"

namespace tacho {
namespace {

void add_up(TaskRecord& sum, const TaskRecord& record) {
  using Figure = std::int64_t TaskRecord::*;
  for (const Figure figure :
       {&TaskRecord::cpu, &TaskRecord::user, &TaskRecord::system, &TaskRecord::disk_io_read,
        &TaskRecord::disk_io_write, &TaskRecord::io_read, &TaskRecord::io_write,
        &TaskRecord::calls_read, &TaskRecord::calls_write, &TaskRecord::faults_minor,
        &TaskRecord::faults_major, &TaskRecord::switches_voluntary,
        &TaskRecord::switches_involuntary, &TaskRecord::delay_cpu, &TaskRecord::delay_block})
    sum.*figure = saturating_sum(sum.*figure, record.*figure);
  sum.memory_peak = std::max(sum.memory_peak, record.memory_peak);
}

// The kernel rounds down to KiB: nothing of something is not nothing.
std::optional<std::int64_t> moved(std::int64_t bytes, std::int64_t calls) {
  if (bytes == 0 && calls != 0) return std::nullopt;
  return if_knowable(bytes);
}

void set_status(LifeEvent& event, std::uint32_t status) {
  constexpr std::uint32_t kSignal = 0x7f;
  constexpr std::uint32_t kCore = 0x80;
  if ((status & kSignal) != 0)
    event.signal = static_cast<int>(status & kSignal);
  else
    event.exit_code = static_cast<int>(status >> 8 & 0xff);
  event.core_dumped = (status & kCore) != 0;
}

}  // namespace

void LifeMerger::list(int pid, End& end) {
  if (end.is_listed) return;
  end.is_listed = true;
  end.listed_at = take_;
  end.rounds = 0;
  listed_.push_back(pid);
}

// A number that is given again: what is known of the process before it is all there will be.
void LifeMerger::born(const ConnectorEvent& event, const Emit& emit) {
  const auto found = ends_.find(event.pid);
  if (found == ends_.end() || event.monotonic <= std::max(found->second.seen, found->second.exit_monotonic))
    return;
  End& end = found->second;
  if (parts_.taskstats && end.leader_exited && !end.last_seen && !replaced_.contains(event.pid))
    replaced_.emplace(event.pid, std::move(end));
  else if (end.leader_exited || end.last_seen)
    emit_end(event.pid, end, emit);
  std::erase(listed_, event.pid);
  ends_.erase(found);
}

void LifeMerger::add(const ConnectorEvent& event, std::int64_t boottime_offset, const Emit& emit) {
  switch (event.kind) {
    case ConnectorEvent::Kind::fork:
      return born(event, emit);
    case ConnectorEvent::Kind::exec:
      // A thread that executes takes the number of its process over: the leader's exit was not the end.
      if (const auto found = ends_.find(event.pid);
          found != ends_.end() && found->second.exit_monotonic < event.monotonic)
        found->second.leader_exited = false;
      return;
    case ConnectorEvent::Kind::thread_exit: {
      if (has_unattributed_) owners_.emplace_back(event.thread, event.pid);
      const auto found = ends_.find(event.pid);
      if (found == ends_.end() || !found->second.leader_exited) return;
      break;
    }
    case ConnectorEvent::Kind::leader_exit:
      break;
  }
  End& end = ends_[event.pid];
  end.leader_exited = true;
  end.exit_status = event.status;
  end.exit_monotonic = event.monotonic;
  end.boottime = saturating_sum(event.monotonic, boottime_offset);
  if (event.parent_pid) end.parent_pid = event.parent_pid;
  list(event.pid, end);
}

// The account of the only thread that a process ever had says that it was the last one.
bool LifeMerger::End::is_whole() const { return is_attributed && last_seen && !had_threads; }

bool LifeMerger::may_be_told(const End& end) const {
  return parts_.taskstats && has_attributed_ && end.rounds == 0;
}

void LifeMerger::find_gone(const std::function<bool(int)>& is_gone, bool all) {
  for (const int pid : listed_) {
    End& end = ends_[pid];
    if (!end.leader_exited || end.is_whole() || (!all && may_be_told(end))) continue;
    end.is_settled = end.is_gone;
    if (end.is_gone) continue;
    end.is_gone = is_gone(pid);
    end.outlived_leader = end.outlived_leader || !end.is_gone;
    end.listed_at = take_;
  }
}

// The kernel sent a replaced one's account before the other was born, so it is the first to come; two
// may come out of two sockets in the same turn, and then the status tells them apart.
LifeMerger::End& LifeMerger::end_for(const TaskRecord& record, int process) {
  const auto found = replaced_.find(process);
  if (found == replaced_.end() || found->second.last_seen) return ends_[process];
  const bool is_other = record.is_last && record.status != found->second.exit_status;
  return is_other ? ends_[process] : found->second;
}

void LifeMerger::add(const TaskRecord& record, std::int64_t sent_after, std::int64_t now,
                     std::int64_t boottime_offset) {
  const int process = record.process ? *record.process : record.sum ? record.sum->pid : record.pid;
  End& end = end_for(record, process);
  ++end.threads;
  (record.process ? has_attributed_ : has_unattributed_) = true;
  end.is_attributed = record.process.has_value();
  end.seen = now;
  end.started_after = std::min(end.started_after, sent_after - record.age);
  if (!end.leader_exited) end.boottime = now + boottime_offset;
  if (record.parent_pid) end.parent_pid = record.parent_pid;
  if (record.pid == process) {
    end.sum.command = record.command;
    end.leader_status = record.status;
  }
  add_up(end.sum, record);
  end.had_threads = end.had_threads || record.sum;
  if (record.is_last || record.sum) {
    end.last_seen = true;
    end.last_status = record.status;
    if (!replaced_.contains(process) || &replaced_[process] != &end) list(process, end);
  } else if (!end.is_listed) {
    end.listed_at = take_;
  }
}

void LifeMerger::forget_sums(std::int64_t now) {
  complete_since_ = now;
  std::erase_if(ends_, [](const auto& entry) { return !entry.second.is_listed; });
}

void LifeMerger::measures_block_delay(bool measures, std::int64_t now) {
  if (!measures)
    block_delay_since_ = INT64_MAX;
  else if (block_delay_since_ == INT64_MAX)
    block_delay_since_ = now;
}

// Before Linux 5.19 only the connector says of which process a thread was.
void LifeMerger::move_thread(int thread, int process) {
  const auto found = ends_.find(thread);
  if (found == ends_.end() || found->second.is_attributed || found->second.is_listed) return;
  const End from = std::move(found->second);
  ends_.erase(found);
  End& end = ends_[process];
  end.threads += from.threads;
  end.seen = std::max(end.seen, from.seen);
  end.listed_at = take_;
  add_up(end.sum, from.sum);
}

bool LifeMerger::is_known(const End& end) const {
  // Without the connector: siblings that were just ending have had one more turn to send theirs.
  if (!parts_.connector) return end.last_seen && (!end.had_threads || end.rounds > 0);
  if (end.is_whole()) return end.leader_exited;
  if (!end.is_gone) return false;
  // A thread's exit is told after it is gone: the last one's, by a turn.
  if (end.outlived_leader && !end.is_settled) return false;
  if (!parts_.taskstats) return true;
  return end.is_attributed ? end.last_seen : end.threads > 0 && end.is_settled;
}

void LifeMerger::settle(std::int64_t take, const Emit& emit) {
  take_ = take;
  for (const auto& [thread, process] : owners_) move_thread(thread, process);
  owners_.clear();
  for (const auto& [pid, end] : replaced_) emit_end(pid, end, emit);
  replaced_.clear();
  std::erase_if(listed_, [&](int pid) {
    const auto found = ends_.find(pid);
    End& end = found->second;
    const bool waited = take - end.listed_at >= kTakesToWait && (end.is_gone || end.last_seen);
    if (!is_known(end) && !waited) {
      ++end.rounds;
      return false;
    }
    emit_end(pid, end, emit);
    ends_.erase(found);
    return true;
  });
  if (has_unattributed_) drop_unclaimed(take);
}

// Threads of which the connector told nothing, for it lost that.
void LifeMerger::drop_unclaimed(std::int64_t take) {
  std::erase_if(ends_, [take](const auto& entry) {
    const End& end = entry.second;
    return !end.is_listed && !end.is_attributed && take - end.listed_at >= kTakesToWait;
  });
}

ProcessAccount LifeMerger::account_of(const End& end) const {
  ProcessAccount account;
  const TaskRecord& sum = end.sum;
  const bool whole = end.is_attributed ? end.last_seen : end.threads > 0;
  if (!whole) return account;
  // Its threads share the memory, so each knows the peak. What the kernel has not added up yet
  // (up to 32 pages of each kind on each processor) reads as 0 in a small process.
  if (sum.memory_peak > 0) account.memory_peak = if_knowable(sum.memory_peak);
  const bool all_threads_seen = !end.had_threads || end.started_after >= complete_since_;
  if (!all_threads_seen) return account;
  if (sum.cpu != kUnknowable) {
    const CpuSplit cpu = split_cpu_time(sum.cpu, sum.user, sum.system);
    account.cpu_time_user = cpu.user;
    account.cpu_time_system = cpu.system;
  }
  account.disk_io_read = if_knowable(sum.disk_io_read);
  account.disk_io_write = if_knowable(sum.disk_io_write);
  account.io_read = moved(sum.io_read, sum.calls_read);
  account.io_write = moved(sum.io_write, sum.calls_write);
  account.paging_faults_minor = if_knowable(sum.faults_minor);
  account.paging_faults_major = if_knowable(sum.faults_major);
  account.context_switches_voluntary = if_knowable(sum.switches_voluntary);
  account.context_switches_involuntary = if_knowable(sum.switches_involuntary);
  account.delay_cpu = if_knowable(sum.delay_cpu);
  // 0 as well when the kernel did not measure it.
  if (sum.delay_block > 0 || end.started_after >= block_delay_since_)
    account.delay_block = if_knowable(sum.delay_block);
  return account;
}

void LifeMerger::emit_end(int pid, const End& end, const Emit& emit) const {
  LifeEvent event{.kind = LifeEvent::Kind::exit,
                  .pid = pid,
                  .boottime = end.boottime,
                  .parent_pid = end.parent_pid,
                  .command = end.sum.command};
  const auto status = end.is_attributed && end.last_status ? end.last_status
                      : end.exit_status                    ? end.exit_status
                                                           : end.leader_status;
  if (status) set_status(event, *status);
  event.account = account_of(end);
  emit(event);
}

}  // namespace tacho
