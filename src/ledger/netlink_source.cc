// SPDX-License-Identifier: Apache-2.0
#include "ledger/netlink_source.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"
#include "base/read_clock.h"
#include "base/saturating.h"
#include "base/text.h"
#include "ledger/life_record.h"
#include "ledger/saturated.h"

namespace tacho {
namespace {

constexpr std::int64_t kUncounted = -1;
// For 10,000 lives of 400 bytes, two seconds of the heaviest storm; the sockets hold twice as many.
constexpr std::size_t kBacklogRoom = std::size_t{4} << 20;
// Rounds of reading within a turn: execs that happen while the command lines of those before are
// read get theirs at once. Bounded, for a storm would keep us here.
constexpr int kMostRounds = 4;

// What a storm made large and calm times do not need goes back to the system.
constexpr std::size_t kKeptEvents = 1024;

std::int64_t monotonic_now() { return read_clock(CLOCK_MONOTONIC).count(); }

// No thread of the process is left, though its parent may not have asked for it yet. Without
// pidfd_open (Linux 5.3, or forbidden) the exit of the leader must do.
bool is_gone(int pid) {
  const FileDescriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return errno != EMFILE && errno != ENFILE && errno != ENOMEM;
  pollfd wait{process.get(), POLLIN, 0};
  return poll(&wait, 1, 0) == 1;
}

bool measures_block_delay() {
  const auto text = read_file("/proc/sys/kernel/task_delayacct");
  if (text) return trimmed(*text) == "1";
  // Before Linux 5.14 it is only switched on the kernel's command line, and on by default.
  const auto line = read_file("/proc/cmdline");
  return line && line->find("nodelayacct") == std::string::npos;
}

}  // namespace

NetlinkSource::NetlinkSource(std::optional<Connector> connector, std::optional<Taskstats> taskstats,
                             std::unique_ptr<Backlog> backlog)
    : connector_(std::move(connector)),
      taskstats_(std::move(taskstats)),
      backlog_(std::move(backlog)),
      merger_({.connector = connector_.has_value(),
               .taskstats = taskstats_.has_value(),
               .since = monotonic_now()}),
      drained_at_(monotonic_now()) {}

Result<std::unique_ptr<LifeSource>> NetlinkSource::start(std::optional<Connector> connector,
                                                         std::optional<Taskstats> taskstats) {
  auto backlog = TRY(Backlog::create(kBacklogRoom));
  std::unique_ptr<NetlinkSource> self(
      new NetlinkSource(std::move(connector), std::move(taskstats), std::move(backlog)));
  self->merger_.measures_block_delay(measures_block_delay(), self->drained_at_);
  self->thread_ = TRY(DrainThread::start(self->descriptors(), [source = self.get()] { source->drain(); }));
  return std::unique_ptr<LifeSource>(std::move(self));
}

std::vector<int> NetlinkSource::descriptors() const {
  std::vector<int> all = taskstats_ ? taskstats_->descriptors() : std::vector<int>();
  if (connector_) all.push_back(connector_->descriptor());
  return all;
}

Result<void> NetlinkSource::take(const std::function<void(const LifeEvent&)>& each) {
  ++take_;
  thread_->drain_now();
  backlog_->take([&](std::span<const std::byte> record) {
    LifeEvent event = unpack_life(record);
    event.source = name();
    each(event);
  });
  return {};
}

std::optional<std::int64_t> NetlinkSource::lost() const {
  const std::int64_t lost = lost_;
  if (lost == kUncounted) return std::nullopt;
  return lost + backlog_->dropped();
}

void NetlinkSource::drain() {
  boottime_offset_ = read_clock(CLOCK_BOOTTIME).count() - monotonic_now();
  const std::int64_t take = take_;
  if (connector_) {
    drain_connector();
    merger_.find_gone(is_gone, take != settled_take_);
  }
  if (taskstats_) drain_taskstats();
  if (take != settled_take_) {
    merger_.measures_block_delay(measures_block_delay(), monotonic_now());
    settled_take_ = take;
  }
  count_losses();
  merger_.settle(settled_take_, [this](const LifeEvent& event) { keep(event); });
  push_all();
}

void NetlinkSource::read_connector(std::vector<ConnectorEvent>& events) {
  connector_->read([&events](const ConnectorEvent& event) { events.push_back(event); });
}

void NetlinkSource::drain_connector() {
  for (int round = 0; round < kMostRounds; ++round) {
    read_connector(events_);
    if (events_.empty()) return;
    read_details();
    for (std::size_t at = 0; at < events_.size(); ++at) {
      const auto details = details_.find(at);
      hand_on(events_[at], details != details_.end() ? &details->second : nullptr);
    }
    events_.swap(later_events_);
    later_events_.clear();
  }
}

// The command lines of the processes that executed something and still live, oldest first. /proc
// shows what it was last: not for an exec that another followed, nor when the number belongs to
// another process by now. What happened while we read is in later_events_.
void NetlinkSource::read_details() {
  details_.clear();
  std::unordered_map<int, std::size_t> last_execs;  // index in events_
  for (std::size_t at = 0; at < events_.size(); ++at) {
    const ConnectorEvent& event = events_[at];
    if (event.kind == ConnectorEvent::Kind::exec)
      last_execs[event.pid] = at;
    else if (event.kind != ConnectorEvent::Kind::thread_exit)
      last_execs.erase(event.pid);
  }
  if (last_execs.empty()) return;
  for (std::size_t at = 0; at < events_.size(); ++at)
    if (const auto found = last_execs.find(events_[at].pid); found != last_execs.end() && found->second == at)
      details_[at] = read_exec_details(events_[at].pid);
  read_connector(later_events_);
  for (const ConnectorEvent& event : later_events_) {
    if (event.kind != ConnectorEvent::Kind::exec && event.kind != ConnectorEvent::Kind::fork) continue;
    if (const auto found = last_execs.find(event.pid); found != last_execs.end())
      details_.erase(found->second);
  }
}

void NetlinkSource::hand_on(const ConnectorEvent& event, const ExecDetails* details) {
  merger_.add(event, boottime_offset_, [this](const LifeEvent& end) { keep(end); });
  const bool is_fork = event.kind == ConnectorEvent::Kind::fork;
  if (!is_fork && event.kind != ConnectorEvent::Kind::exec) return;
  LifeEvent life{.kind = is_fork ? LifeEvent::Kind::fork : LifeEvent::Kind::exec,
                 .pid = event.pid,
                 .boottime = saturating_sum(event.monotonic, boottime_offset_),
                 .parent_pid = event.parent_pid};
  if (details != nullptr) details->show_in(life);
  keep(life);
}

void NetlinkSource::drain_taskstats() {
  const std::int64_t before = monotonic_now();
  taskstats_->read([this](const TaskRecord& record) {
    merger_.add(record, drained_at_, monotonic_now(), boottime_offset_);
  });
  drained_at_ = before;
}

void NetlinkSource::count_losses() {
  const std::int64_t now = monotonic_now();
  std::int64_t all = 0;
  bool unknown = false;
  if (taskstats_) {
    const auto lost = taskstats_->lost();
    if (lost.value_or(0) != records_lost_ || taskstats_->lost_unknown()) merger_.forget_sums(now);
    records_lost_ = lost.value_or(0);
    all = lost.value_or(kUncounted);
    unknown = taskstats_->lost_unknown();
  }
  if (connector_) {
    const auto lost = connector_->lost();
    all = lost && all != kUncounted ? all + *lost : kUncounted;
    unknown = unknown || connector_->lost_unknown();
  }
  lost_ = all;
  lost_unknown_ = unknown;
}

void NetlinkSource::keep(const LifeEvent& event) {
  if (waiting_count_ == waiting_.size()) waiting_.emplace_back();
  Waiting& place = waiting_[waiting_count_++];
  place.boottime = event.boottime;
  pack_life(event, place.record);
}

// Ends were put together after births and execs: in the order of time they go on.
void NetlinkSource::push_all() {
  const auto end = waiting_.begin() + static_cast<std::ptrdiff_t>(waiting_count_);
  std::stable_sort(waiting_.begin(), end,
                   [](const Waiting& a, const Waiting& b) { return a.boottime < b.boottime; });
  for (auto at = waiting_.begin(); at != end; ++at) backlog_->push(at->record);
  waiting_count_ = 0;
  if (waiting_.size() > kKeptEvents) {
    waiting_ = {};
    events_.shrink_to_fit();
    later_events_.shrink_to_fit();
  }
}

}  // namespace tacho
