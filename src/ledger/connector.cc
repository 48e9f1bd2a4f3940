// SPDX-License-Identifier: Apache-2.0
// Reads  NETLINK_CONNECTOR, group CN_IDX_PROC: struct cn_msg around struct proc_event.
// Units  timestamp_ns: CLOCK_MONOTONIC; exit_code: as wait(2) gives it; pids of the first namespace.
// Since  Linux 2.6.15, parents at exit since 4.18.
#include "ledger/connector.h"

#include <arpa/inet.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "ledger/netlink_source.h"

namespace tacho {
namespace {

constexpr std::size_t kEventHead = offsetof(proc_event, event_data);

template <class Part>
bool copy_part(std::span<const std::byte> bytes, Part& out) {
  if (bytes.size() < sizeof out) return false;
  std::memcpy(&out, bytes.data(), sizeof out);
  return true;
}

std::optional<int> pid_or_nothing(int pid) {
  return pid > 0 ? std::optional(pid) : std::nullopt;
}

// The inode of the first pid namespace, fixed in the kernel (PROC_PID_INIT_INO).
constexpr ino_t kFirstPidNamespace = 0xEFFFFFFC;

bool is_in_first_pid_namespace() {
  struct stat status {};
  return stat("/proc/self/ns/pid", &status) != 0 || status.st_ino == kFirstPidNamespace;
}

// Lets pass, as the socket sees them: acknowledgements, births of processes, execs, all exits. The
// rest (threads born, names, users, sessions) is most of what a machine full of threads tells.
Result<void> attach_filter(int descriptor) {
  constexpr std::uint32_t kEvent = NLMSG_HDRLEN + sizeof(cn_msg);
  const auto network = [](std::uint32_t host) { return htonl(host); };  // what a load gives
  std::array<sock_filter, 12> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kEvent),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network(proc_event::PROC_EVENT_FORK), 4, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network(proc_event::PROC_EVENT_EXEC), 7, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network(proc_event::PROC_EVENT_EXIT), 6, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, network(proc_event::PROC_EVENT_NONE), 5, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      // A thread's birth has another pid than tgid.
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kEvent + offsetof(proc_event, event_data.fork.child_pid)),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, kEvent + offsetof(proc_event, event_data.fork.child_tgid)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_X, 0, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{.len = program.size(), .filter = program.data()};
  if (setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) != 0)
    return last_system_error("attach a filter to", "the process connector");
  return {};
}

std::vector<std::byte> subscription(proc_cn_mcast_op operation) {
  const cn_msg message{.id = {.idx = CN_IDX_PROC, .val = CN_VAL_PROC}, .len = sizeof operation};
  std::vector<std::byte> payload(sizeof message + sizeof operation);
  std::memcpy(payload.data(), &message, sizeof message);
  std::memcpy(payload.data() + sizeof message, &operation, sizeof operation);
  return payload;
}

// The event in a payload, whatever its kind.
bool copy_event(std::span<const std::byte> payload, proc_event& event) {
  cn_msg message;
  if (!copy_part(payload, message)) return false;
  if (message.id.idx != CN_IDX_PROC || message.id.val != CN_VAL_PROC) return false;
  payload = payload.subspan(sizeof message);
  if (message.len > payload.size() || message.len < kEventHead) return false;
  event = {};
  std::memcpy(&event, payload.data(), std::min<std::size_t>(message.len, sizeof event));
  return true;
}

constexpr std::string_view kRefused =
    "the process connector does not answer: it needs CAP_NET_ADMIN before Linux 6.6 (run as root or "
    "give the program this capability), and it must be in the system's first user namespace";

Error open_error(Error error) {
  if (error.system_error == EPERM || error.system_error == EACCES)
    return {ErrorCode::denied, std::string(kRefused), error.system_error};
  if (error.system_error == ECONNREFUSED)
    return {ErrorCode::absent,
            "the process connector is not there: this is a network namespace of its own, or a kernel "
            "without CONFIG_PROC_EVENTS",
            error.system_error};
  if (error.system_error == EPROTONOSUPPORT)
    return {ErrorCode::absent, "the process connector is not there: a kernel without CONFIG_CONNECTOR",
            error.system_error};
  return error;
}

}  // namespace

std::optional<ConnectorEvent> parse_connector(std::span<const std::byte> payload) {
  using Kind = ConnectorEvent::Kind;
  proc_event event;
  if (!copy_event(payload, event)) return std::nullopt;
  ConnectorEvent out{.monotonic = static_cast<std::int64_t>(event.timestamp_ns)};
  switch (event.what) {
    case proc_event::PROC_EVENT_FORK: {
      const auto& fork = event.event_data.fork;
      if (fork.child_pid != fork.child_tgid) return std::nullopt;
      out.kind = Kind::fork;
      out.pid = fork.child_tgid;
      out.parent_pid = pid_or_nothing(fork.parent_tgid);
      break;
    }
    case proc_event::PROC_EVENT_EXEC:
      out.kind = Kind::exec;
      out.pid = event.event_data.exec.process_tgid;
      break;
    case proc_event::PROC_EVENT_EXIT: {
      const auto& exit = event.event_data.exit;
      out.kind = exit.process_pid == exit.process_tgid ? Kind::leader_exit : Kind::thread_exit;
      out.pid = exit.process_tgid;
      out.thread = exit.process_pid;
      out.parent_pid = pid_or_nothing(exit.parent_tgid);
      out.status = exit.exit_code;
      break;
    }
    default:
      return std::nullopt;
  }
  if (out.pid <= 0) return std::nullopt;
  if (out.thread == 0) out.thread = out.pid;
  return out;
}

Connector::Connector(NetlinkSocket socket)
    : socket_(std::move(socket)), buffers_(make_netlink_buffers()) {}

Result<Connector> Connector::open(int room) {
  // There the kernel would speak of pids that are not ours, or be silent.
  if (!is_in_first_pid_namespace())
    return Error{ErrorCode::absent,
                 "the process connector is not there: it speaks only of the system's first pid namespace, "
                 "and this is another"};
  auto socket = NetlinkSocket::open(NETLINK_CONNECTOR, CN_IDX_PROC, room);
  if (!socket) return open_error(socket.error());
  Connector self(std::move(socket).value());
  TRY(attach_filter(self.descriptor()));
  const auto listen = self.socket_.send(NLMSG_DONE, 0, subscription(PROC_CN_MCAST_LISTEN));
  if (!listen) return open_error(listen.error());
  TRY(self.wait_for_answer());
  return self;
}

// The kernel answers inside the call that sends, or never.
Result<void> Connector::wait_for_answer() {
  std::optional<std::uint32_t> answer;
  socket_.receive(*buffers_, [&answer](std::uint16_t, std::span<const std::byte> payload) {
    proc_event event;
    if (copy_event(payload, event) && event.what == proc_event::PROC_EVENT_NONE)
      answer = event.event_data.ack.err;
  });
  if (!answer) return Error{ErrorCode::denied, std::string(kRefused)};
  if (*answer != 0) return open_error(system_error("listen to", "the process connector", static_cast<int>(*answer)));
  return {};
}

// Before Linux 6.6 the kernel goes on sending for ever what nobody listens to, unless it is told.
Connector::~Connector() {
  if (descriptor() < 0) return;
  [[maybe_unused]] const auto told = socket_.send(NLMSG_DONE, 0, subscription(PROC_CN_MCAST_IGNORE));
}

void Connector::read(const std::function<void(const ConnectorEvent&)>& each) {
  socket_.receive(*buffers_, [&each](std::uint16_t, std::span<const std::byte> payload) {
    if (const auto event = parse_connector(payload)) each(*event);
  });
}

Result<std::unique_ptr<LifeSource>> open_connector() {
  auto connector = TRY(Connector::open());
  return NetlinkSource::start(std::move(connector), std::nullopt);
}

}  // namespace tacho
