// SPDX-License-Identifier: Apache-2.0
// Reads  generic netlink, family TASKSTATS: struct taskstats, version 16 in Linux 6.18.
// Units  cpu_* and *_delay_total: ns; ac_utime, ac_stime, ac_etime: us; hiwater_rss: KiB.
// Since  Linux 2.6.18; which process a thread was of, and which was its last, since 5.19.
#include "ledger/taskstats.h"

#include <linux/acct.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>
#include <system_error>
#include <thread>

#include "ledger/netlink_source.h"
#include "ledger/saturated.h"

namespace tacho {
namespace {

// The version from which ac_tgid, ac_tgetime and AGROUP hold.
constexpr int kKnowsProcess = 12;
// Sockets that one thread empties; above, processors share one.
constexpr long kMostSockets = 64;
// The slowest tick in use is 100 a second.
constexpr std::int64_t kLongestTick = 10'000'000;
constexpr std::int64_t kMicrosecond = 1000;
constexpr std::int64_t kKibibyte = 1024;

// CPU time. The kernel's sum was brought up to date at the last tick, wake-up or switch, so the time
// since then lacks, up to a tick: 3 of 7 ms in a process of 5 ms. A thread that never slept either
// ran or waited for a processor, which is counted to the ns, so its age gives its CPU time.
std::int64_t cpu_time(const taskstats& stats) {
  const std::int64_t counted = saturated(stats.cpu_run_virtual_total);
  if (stats.nvcsw != 0) return counted;
  // Neither of the two is below zero.
  const std::int64_t ran = saturated(stats.ac_etime, kMicrosecond) - saturated(stats.cpu_delay_total);
  return ran > counted && ran - counted <= kLongestTick ? ran : counted;
}

void read_thread(const taskstats& stats, std::size_t size, TaskRecord& out) {
  if (stats.version >= kKnowsProcess && size >= offsetof(taskstats, ac_exe_dev)) {
    out.process = static_cast<int>(stats.ac_tgid);
    out.is_last = (stats.ac_flag & AGROUP) != 0;
    out.age = saturated(stats.ac_tgetime, kMicrosecond);
  } else {
    out.age = saturated(stats.ac_etime, kMicrosecond);
  }
  // Before version 12 other threads than the first have none.
  if (out.process || stats.ac_exitcode != 0) out.status = stats.ac_exitcode;
  if (stats.ac_ppid > 0) out.parent_pid = static_cast<int>(stats.ac_ppid);
  out.command.assign(stats.ac_comm, strnlen(stats.ac_comm, sizeof stats.ac_comm));
  out.cpu = cpu_time(stats);
  out.user = saturated(stats.ac_utime);
  out.system = saturated(stats.ac_stime);
  out.memory_peak = saturated(stats.hiwater_rss, kKibibyte);
  out.disk_io_read = saturated(stats.read_bytes);
  out.disk_io_write = saturated(stats.write_bytes);
  out.io_read = saturated(stats.read_char);
  out.io_write = saturated(stats.write_char);
  out.calls_read = saturated(stats.read_syscalls);
  out.calls_write = saturated(stats.write_syscalls);
  out.faults_minor = saturated(stats.ac_minflt);
  out.faults_major = saturated(stats.ac_majflt);
  out.switches_voluntary = saturated(stats.nvcsw);
  out.switches_involuntary = saturated(stats.nivcsw);
  out.delay_cpu = saturated(stats.cpu_delay_total);
  out.delay_block = saturated(stats.blkio_delay_total);
}

// What a nested attribute holds: whose account, and the account.
struct Aggregate {
  std::optional<int> pid;
  taskstats stats{};
  std::size_t size = 0;  // as much of it as the kernel sent and we know
};

Aggregate read_aggregate(std::span<const std::byte> nested) {
  Aggregate out;
  for_each_attribute(nested, [&out](std::uint16_t type, std::span<const std::byte> value) {
    if ((type == TASKSTATS_TYPE_PID || type == TASKSTATS_TYPE_TGID) && value.size() == sizeof(std::uint32_t)) {
      std::uint32_t pid = 0;
      std::memcpy(&pid, value.data(), sizeof pid);
      out.pid = static_cast<int>(pid);
    } else if (type == TASKSTATS_TYPE_STATS) {
      out.size = std::min(value.size(), sizeof out.stats);
      std::memcpy(&out.stats, value.data(), out.size);
    }
  });
  return out;
}

// Up to here goes what is always needed; every version since Linux 2.6.20 is longer.
constexpr std::size_t kShortest = offsetof(taskstats, nivcsw) + sizeof(taskstats::nivcsw);

std::vector<std::byte> command(std::uint8_t number, std::uint16_t attribute,
                               std::span<const std::byte> value) {
  const genlmsghdr header{.cmd = number, .version = 1};
  std::vector<std::byte> payload(sizeof header);
  std::memcpy(payload.data(), &header, sizeof header);
  append_attribute(payload, attribute, value);
  return payload;
}

// With the NUL at its end, as netlink wants texts.
std::span<const std::byte> text_value(const std::string& text) {
  return std::as_bytes(std::span(text.c_str(), text.size() + 1));
}

// Sends a command and gives what the kernel answers, which it does inside the call: the payload, or
// nothing for a bare acknowledgement.
Result<std::vector<std::byte>> ask(NetlinkSocket& socket, NetlinkBuffers& buffers, std::uint16_t type,
                                   std::span<const std::byte> payload) {
  TRY(socket.send(type, NLM_F_ACK, payload));
  std::vector<std::byte> answer;
  std::optional<int> failure;
  socket.receive(buffers, [&](std::uint16_t answered, std::span<const std::byte> bytes) {
    if (answered == NLMSG_ERROR && bytes.size() >= sizeof(int)) {
      int code = 0;
      std::memcpy(&code, bytes.data(), sizeof code);
      failure = -code;
    } else if (answered == type) {
      answer.assign(bytes.begin(), bytes.end());
    }
  });
  if (!failure) return Error{ErrorCode::io, "the kernel does not answer over generic netlink"};
  if (*failure != 0) return system_error("ask", "taskstats", *failure);
  return answer;
}

Result<std::uint16_t> find_family(NetlinkSocket& socket, NetlinkBuffers& buffers) {
  const std::string name = TASKSTATS_GENL_NAME;
  const auto answer = TRY(ask(socket, buffers, GENL_ID_CTRL,
                              command(CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME, text_value(name))));
  std::uint16_t family = 0;
  if (answer.size() >= GENL_HDRLEN)
    for_each_attribute(std::span(answer).subspan(GENL_HDRLEN),
                       [&family](std::uint16_t type, std::span<const std::byte> value) {
                         if (type == CTRL_ATTR_FAMILY_ID && value.size() == sizeof family)
                           std::memcpy(&family, value.data(), sizeof family);
                       });
  if (family == 0) return Error{ErrorCode::absent, "the kernel has no taskstats"};
  return family;
}

Error open_error(Error error) {
  if (error.system_error == EPERM || error.system_error == EACCES)
    return {ErrorCode::denied,
            "taskstats is refused: it needs CAP_NET_ADMIN (run as root or give the program this "
            "capability)",
            error.system_error};
  if (error.system_error == EINVAL)
    return {ErrorCode::absent,
            "taskstats is not there: it speaks only to the system's first pid and user namespace, and "
            "this is another",
            error.system_error};
  if (error.system_error == ENOENT)
    return {ErrorCode::absent,
            "taskstats is not there: this is a network namespace of its own, or a kernel without "
            "CONFIG_TASKSTATS",
            error.system_error};
  return error;
}

}  // namespace

std::optional<TaskRecord> parse_taskstats(std::span<const std::byte> payload) {
  if (payload.size() < GENL_HDRLEN || static_cast<std::uint8_t>(payload.front()) != TASKSTATS_CMD_NEW)
    return std::nullopt;
  TaskRecord out;
  for_each_attribute(payload.subspan(GENL_HDRLEN), [&out](std::uint16_t type, std::span<const std::byte> nested) {
    if (type != TASKSTATS_TYPE_AGGR_PID && type != TASKSTATS_TYPE_AGGR_TGID) return;
    const Aggregate part = read_aggregate(nested);
    if (!part.pid || *part.pid <= 0 || part.size < kShortest) return;
    if (type == TASKSTATS_TYPE_AGGR_PID) {
      out.pid = *part.pid;
      read_thread(part.stats, part.size, out);
    } else {
      out.sum = TaskRecord::Process{*part.pid, saturated(part.stats.cpu_run_virtual_total),
                                    saturated(part.stats.cpu_delay_total),
                                    saturated(part.stats.blkio_delay_total)};
    }
  });
  if (out.pid == 0) return std::nullopt;
  return out;
}

Result<void> Taskstats::listen(const std::string& processors, int room) {
  auto socket = TRY(NetlinkSocket::open(NETLINK_GENERIC, 0, room));
  if (family_ == 0) family_ = TRY(find_family(socket, *buffers_));
  TRY(ask(socket, *buffers_, family_,
          command(TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_REGISTER_CPUMASK, text_value(processors))));
  sockets_.push_back(std::move(socket));
  return {};
}

Result<Taskstats> Taskstats::open(int room) {
  Taskstats self;
  const long processors = std::max(sysconf(_SC_NPROCESSORS_CONF), 1L);
  const long each = (processors + kMostSockets - 1) / kMostSockets;
  for (long first = 0; first < processors; first += each) {
    const long last = std::min(first + each, processors) - 1;
    const auto listens = self.listen(std::to_string(first) + "-" + std::to_string(last), room);
    if (!listens) return open_error(listens.error());
  }
  TRY(self.hear_own_thread());
  return self;
}

// The kernel takes a listener in from any network namespace and then sends to the first alone. So a
// thread of ours ends: its record is there when it has been joined, or never will be. It also says
// what this kernel's records know.
Result<void> Taskstats::hear_own_thread() {
  pid_t thread = 0;
  try {
    std::jthread([&thread] { thread = gettid(); }).join();
  } catch (const std::system_error& error) {
    return system_error("start", "a thread", error.code().value());
  }
  bool is_heard = false;
  read([&](const TaskRecord& record) {
    if (record.pid != thread) return;
    is_heard = true;
    knows_process_ = record.process.has_value();
  });
  if (!is_heard)
    return Error{ErrorCode::absent,
                 "taskstats tells nothing here: this is a network namespace of its own, or a kernel "
                 "whose records are not understood"};
  return {};
}

void Taskstats::read(const std::function<void(const TaskRecord&)>& each) {
  for (NetlinkSocket& socket : sockets_)
    socket.receive(*buffers_, [this, &each](std::uint16_t type, std::span<const std::byte> payload) {
      if (type != family_) return;
      if (const auto record = parse_taskstats(payload)) each(*record);
    });
}

std::optional<std::int64_t> Taskstats::lost() {
  std::int64_t all = 0;
  for (NetlinkSocket& socket : sockets_) {
    const auto lost = socket.lost();
    if (!lost) return std::nullopt;
    all += *lost;
  }
  return all;
}

bool Taskstats::lost_unknown() const {
  return std::ranges::any_of(sockets_, &NetlinkSocket::lost_unknown);
}

std::vector<int> Taskstats::descriptors() const {
  std::vector<int> all;
  for (const NetlinkSocket& socket : sockets_) all.push_back(socket.descriptor());
  return all;
}

Result<std::unique_ptr<LifeSource>> open_taskstats() {
  auto taskstats = TRY(Taskstats::open());
  auto connector = Connector::open();
  if (!connector && !taskstats.knows_process())
    return Error{connector.error().code,
                 "taskstats before Linux 5.19 needs the process connector beside it, and " +
                     connector.error().text};
  return NetlinkSource::start(connector ? std::optional(std::move(connector).value()) : std::nullopt,
                              std::move(taskstats));
}

}  // namespace tacho
