// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_joiner.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <ranges>

#include "base/clock.h"
#include "ledger/cpu_split.h"
#include "ledger/saturated.h"

namespace tacho {
namespace {

// A second with some hundred processes.
constexpr std::size_t kKeptBytes = std::size_t{64} << 10;
// How long an exit waits for its exact account: the kernel frees a task some milliseconds after it was
// reaped, and later on a busy machine. Longer than that waits a zombie.
constexpr std::uint64_t kFreeWait = 1'000'000'000;  // ns

std::optional<std::int64_t> known(std::int64_t value) {
  return value < 0 ? std::nullopt : std::optional(value);
}

template <class Record>
const Record* record_in(std::span<const std::byte> bytes) {
  return bytes.size() < sizeof(Record) ? nullptr : reinterpret_cast<const Record*>(bytes.data());
}

LifeEvent event_of(const LifeRecord& record, LifeEvent::Kind kind) {
  LifeEvent event;
  event.kind = kind;
  event.source = kBpfSource;
  event.pid = record.pid;
  event.start_boottime = static_cast<std::int64_t>(record.key.start_boottime);
  if (record.parent_pid > 0) event.parent_pid = record.parent_pid;
  event.command = std::string_view(record.command, strnlen(record.command, sizeof record.command));
  return event;
}

ProcessIdentity identity_of(const LifeExitRecord& record) {
  ProcessIdentity identity{.user_id = record.user_id, .group_id = record.group_id};
  if (record.process_group > 0) identity.process_group = record.process_group;
  if (record.session > 0) identity.session = record.session;
  if (record.inner_pid > 0) identity.inner_pid = record.inner_pid;
  return identity;
}

LifeEvent fork_event(const LifeRecord& record) {
  LifeEvent event = event_of(record, LifeEvent::Kind::fork);
  event.boottime = *event.start_boottime;
  return event;
}

LifeEvent exec_event(const LifeExecRecord& record, std::int64_t latest) {
  LifeEvent event = event_of(record.life, LifeEvent::Kind::exec);
  event.boottime = latest;
  event.executable = std::string_view(record.bytes, record.executable_size);
  event.arguments = std::string_view(record.bytes + record.executable_size, record.arguments_size);
  event.arguments_cut = record.arguments_are_cut != 0;
  return event;
}

bool is_whole(std::span<const std::byte> bytes) {
  const std::size_t fixed = offsetof(LifeExecRecord, bytes);
  if (bytes.size() < fixed) return false;
  const auto* record = reinterpret_cast<const LifeExecRecord*>(bytes.data());
  return bytes.size() - fixed >= std::size_t{record->executable_size} + record->arguments_size;
}

LifeEvent exit_event(const LifeExitRecord& record, const LifeFreeRecord* free) {
  const LifeTotals& totals = free == nullptr ? record.totals : free->totals;
  static const std::int64_t page = sysconf(_SC_PAGESIZE);
  LifeEvent event = event_of(record.life, LifeEvent::Kind::exit);
  event.boottime = static_cast<std::int64_t>(record.boottime);
  if (WIFSIGNALED(record.status)) {
    event.signal = WTERMSIG(record.status);
    event.core_dumped = WCOREDUMP(record.status);
  } else {
    event.exit_code = WEXITSTATUS(record.status);
    event.core_dumped = false;
  }
  event.identity = identity_of(record);
  ProcessAccount& account = event.account;
  account.is_complete = free != nullptr;
  const CpuSplit split = split_cpu_time(totals.cpu_time, totals.user_time, totals.system_time);
  account.cpu_time_user = split.user;
  account.cpu_time_system = split.system;
  if (record.peak_pages >= 0)
    account.memory_peak = if_knowable(saturated(static_cast<std::uint64_t>(record.peak_pages), page));
  account.disk_io_read = known(totals.storage_read);
  account.disk_io_write = known(totals.storage_written);
  account.io_read = known(totals.read);
  account.io_write = known(totals.written);
  account.paging_faults_minor = totals.faults_minor;
  account.paging_faults_major = totals.faults_major;
  account.context_switches_voluntary = totals.switches_voluntary;
  account.context_switches_involuntary = totals.switches_involuntary;
  account.delay_cpu = known(record.delay_cpu);
  account.delay_block = known(record.delay_block);
  return event;
}

// What a storm made large and calm times do not need goes back to the system.
template <class T>
void empty(std::vector<T>& vector) {
  vector.clear();
  if (vector.capacity() * sizeof(T) > kKeptBytes) vector.shrink_to_fit();
}

bool is_before(const LifeKey& a, const LifeKey& b) {
  return a.kernel_pid != b.kernel_pid ? a.kernel_pid < b.kernel_pid
                                      : a.start_boottime < b.start_boottime;
}

}  // namespace

const LifeKey* key_in(std::span<const std::byte> record) { return record_in<LifeKey>(record); }

void BpfJoiner::begin(const Each& each) {
  each_ = &each;
  empty(batch_);
  empty(frees_);
}

void BpfJoiner::add(std::span<const std::byte> record) {
  const LifeKey* key = key_in(record);
  if (key == nullptr) return;
  if (key->kind != kLifeFree) {
    batch_.push_back({.record = record});
  } else if (const auto* free = record_in<LifeFreeRecord>(record)) {
    frees_.push_back({*key, free});
  }
}

void BpfJoiner::finish() {
  std::ranges::sort(frees_, is_before, &Free::key);
  hand_over_waiting();
  find_times();
  for (const Taken& taken : batch_) hand_over(taken);
  is_settling_ = false;
}

const LifeFreeRecord* BpfJoiner::free_of(const LifeKey& key) const {
  const auto found = std::ranges::lower_bound(frees_, key, is_before, &Free::key);
  return found == frees_.end() || is_before(key, found->key) ? nullptr : found->record;
}

void BpfJoiner::hand_over_end(const LifeExitRecord& record, const LifeFreeRecord* free) {
  if (free == nullptr && !is_settling_) ++incomplete_;
  (*each_)(exit_event(record, free));
}

// Of the takes before: they are older than everything in this batch.
void BpfJoiner::hand_over_waiting() {
  empty(ready_);
  if (waiting_.empty()) return;
  const auto now = static_cast<std::uint64_t>(SystemClock().now().boottime.count());
  for (const auto& [pid, record] : waiting_) {
    const bool is_late = now >= record.boottime + kFreeWait;
    if (is_settling_ || is_late || free_of(record.life.key) != nullptr) ready_.push_back(record);
  }
  std::ranges::sort(ready_, {}, [](const LifeExitRecord& record) { return record.boottime; });
  for (const LifeExitRecord& record : ready_) {
    hand_over_end(record, free_of(record.life.key));
    waiting_.erase(record.life.key.kernel_pid);
  }
}

// An exec happened before the next event that has its time. So it is told as later than it was, at most by a
// take, and never as later than the end of its process: who changes from one source to another misses none.
void BpfJoiner::find_times() {
  std::int64_t latest = SystemClock().now().boottime.count();
  for (Taken& taken : batch_ | std::views::reverse) {
    const auto kind = key_in(taken.record)->kind;
    const auto* exit = record_in<LifeExitRecord>(taken.record);
    if (kind == kLifeFork) latest = static_cast<std::int64_t>(key_in(taken.record)->start_boottime);
    if (kind == kLifeExit && exit != nullptr) latest = static_cast<std::int64_t>(exit->boottime);
    taken.latest = latest;
  }
}

void BpfJoiner::hand_over(const Taken& taken) {
  const std::span<const std::byte> bytes = taken.record;
  const auto* record = record_in<LifeRecord>(bytes);
  if (record == nullptr) return;
  hand_over_predecessor(*record);
  if (record->key.kind == kLifeFork) {
    (*each_)(fork_event(*record));
  } else if (record->key.kind == kLifeExec && is_whole(bytes)) {
    (*each_)(exec_event(*reinterpret_cast<const LifeExecRecord*>(bytes.data()), taken.latest));
  } else if (const auto* exit = record_in<LifeExitRecord>(bytes);
             exit != nullptr && record->key.kind == kLifeExit) {
    hand_over_exit(*exit);
  }
}

void BpfJoiner::hand_over_exit(const LifeExitRecord& record) {
  const LifeFreeRecord* free = free_of(record.life.key);
  if (free != nullptr || is_settling_) {
    hand_over_end(record, free);
  } else {
    waiting_.insert_or_assign(record.life.key.kernel_pid, record);
  }
}

// The pid is in use again: the one that had it goes first.
void BpfJoiner::hand_over_predecessor(const LifeRecord& record) {
  if (waiting_.empty()) return;
  const auto found = waiting_.find(record.key.kernel_pid);
  if (found == waiting_.end()) return;
  const LifeExitRecord& before = found->second;
  hand_over_end(before, free_of(before.life.key));
  waiting_.erase(found);
}

}  // namespace tacho
