// SPDX-License-Identifier: Apache-2.0
#include "ledger/netlink.h"

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

namespace tacho {
namespace {

// A record of taskstats with its process's sums is 1.2 KB in Linux 6.18 and grows with versions.
constexpr std::size_t kDatagram = 4096;
// Datagrams taken by one call: at 16 the call itself was a tenth of their cost. Of the room for each only the
// pages that one filled are there.
constexpr std::size_t kBatch = 64;
// The smallest message occupies 512 bytes of a room (sk_buff and its data).
constexpr std::size_t kSmallestMessage = 512;

constexpr int kGapMilliseconds = 100;
// A birth wakes the thread up, and its exec follows within this: both in one call.
constexpr int kTogetherMilliseconds = 1;
// Calls that need not keep the gap, earned one a gap: a shell command now and then, or a start of a
// dozen daemons, has its command lines read while they are there.
constexpr int kMostCredit = 20;

}  // namespace

class NetlinkBuffers {
 public:
  std::array<std::array<std::byte, kDatagram>, kBatch> bytes;
  std::array<sockaddr_nl, kBatch> senders;
  std::array<iovec, kBatch> parts;
  std::array<mmsghdr, kBatch> headers;

  NetlinkBuffers() {
    for (std::size_t at = 0; at < kBatch; ++at) parts[at] = {bytes[at].data(), kDatagram};
  }
  void prepare() {
    for (std::size_t at = 0; at < kBatch; ++at) {
      senders[at] = {};
      headers[at] = {};
      headers[at].msg_hdr.msg_name = &senders[at];
      headers[at].msg_hdr.msg_namelen = sizeof senders[at];
      headers[at].msg_hdr.msg_iov = &parts[at];
      headers[at].msg_hdr.msg_iovlen = 1;
    }
  }
};

void DeleteNetlinkBuffers::operator()(NetlinkBuffers* buffers) const { delete buffers; }
NetlinkBuffersOwner make_netlink_buffers() { return NetlinkBuffersOwner(new NetlinkBuffers); }

Result<NetlinkSocket> NetlinkSocket::open(int protocol, std::uint32_t groups, int room) {
  NetlinkSocket socket(FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol)));
  const int descriptor = socket.descriptor();
  if (descriptor < 0) return last_system_error("open", "a netlink socket");
  if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) != 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  int given = 0;
  socklen_t size = sizeof given;
  getsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &given, &size);
  socket.most_batches_ = static_cast<std::size_t>(std::max(given, 0)) / kSmallestMessage / kBatch + 1;
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  size = sizeof memory;
  socket.counts_losses_ = getsockopt(descriptor, SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0;
  // Without this a full socket takes nothing in until it has been emptied. Where losses cannot be
  // counted, the error that it silences is the only sign of them.
  const int on = 1;
  if (socket.counts_losses_)
    setsockopt(descriptor, SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  const sockaddr_nl address{.nl_family = AF_NETLINK, .nl_groups = groups};
  if (bind(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return last_system_error("bind", "a netlink socket");
  return socket;
}

Result<void> NetlinkSocket::send(std::uint16_t type, std::uint16_t flags,
                                 std::span<const std::byte> payload) const {
  std::vector<std::byte> message(NLMSG_SPACE(payload.size()));
  const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(payload.size())),
                        .nlmsg_type = type,
                        .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags)};
  std::memcpy(message.data(), &header, sizeof header);
  std::memcpy(message.data() + NLMSG_HDRLEN, payload.data(), payload.size());
  const sockaddr_nl kernel{.nl_family = AF_NETLINK};
  if (sendto(descriptor(), message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
             sizeof kernel) < 0)
    return last_system_error("send to", "the kernel over netlink");
  return {};
}

void NetlinkSocket::receive(NetlinkBuffers& buffers, const Each& each) {
  for (std::size_t batch = 0; batch < most_batches_ && receive_some(buffers, each); ++batch) {
  }
}

// False when nothing more waits.
bool NetlinkSocket::receive_some(NetlinkBuffers& buffers, const Each& each) {
  buffers.prepare();
  const int count = recvmmsg(descriptor(), buffers.headers.data(), kBatch, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == ENOBUFS) lost_unknown_ = true;
    return errno == ENOBUFS || errno == EINTR;
  }
  for (int at = 0; at < count; ++at) {
    const mmsghdr& received = buffers.headers[at];
    if (received.msg_hdr.msg_namelen != sizeof(sockaddr_nl) || buffers.senders[at].nl_pid != 0) continue;
    if ((received.msg_hdr.msg_flags & MSG_TRUNC) != 0)
      ++lost_;
    else
      for_each_message(std::span(buffers.bytes[at]).first(received.msg_len), each);
  }
  return count == static_cast<int>(kBatch);
}

std::optional<std::int64_t> NetlinkSocket::lost() {
  if (!counts_losses_) return std::nullopt;
  std::array<std::uint32_t, SK_MEMINFO_VARS> memory{};
  socklen_t size = sizeof memory;
  if (getsockopt(descriptor(), SOL_SOCKET, SO_MEMINFO, memory.data(), &size) == 0) {
    lost_ += memory[SK_MEMINFO_DROPS] - drops_;  // modulo 2^32, as the kernel counts
    drops_ = memory[SK_MEMINFO_DROPS];
  }
  return lost_;
}

void for_each_message(std::span<const std::byte> datagram, const NetlinkSocket::Each& each) {
  nlmsghdr header;
  while (datagram.size() >= sizeof header) {
    std::memcpy(&header, datagram.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    each(header.nlmsg_type, datagram.subspan(NLMSG_HDRLEN, header.nlmsg_len - NLMSG_HDRLEN));
    datagram = datagram.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
}

void for_each_attribute(
    std::span<const std::byte> payload,
    const std::function<void(std::uint16_t type, std::span<const std::byte>)>& each) {
  nlattr header;
  while (payload.size() >= sizeof header) {
    std::memcpy(&header, payload.data(), sizeof header);
    if (header.nla_len < sizeof header || header.nla_len > payload.size()) return;
    each(header.nla_type & NLA_TYPE_MASK, payload.subspan(NLA_HDRLEN, header.nla_len - NLA_HDRLEN));
    payload = payload.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), payload.size()));
  }
}

void append_attribute(std::vector<std::byte>& payload, std::uint16_t type,
                      std::span<const std::byte> value) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size()), .nla_type = type};
  const auto* first = reinterpret_cast<const std::byte*>(&header);
  payload.insert(payload.end(), first, first + sizeof header);
  payload.insert(payload.end(), value.begin(), value.end());
  payload.resize(NLA_ALIGN(payload.size()));
}

Result<std::unique_ptr<DrainThread>> DrainThread::start(const std::vector<int>& descriptors,
                                                        std::function<void()> drain) {
  FileDescriptor stop(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop) return last_system_error("make", "an eventfd");
  std::unique_ptr<DrainThread> self(new DrainThread(std::move(stop), std::move(drain)));
  self->waits_.push_back({self->stop_.get(), POLLIN, 0});
  for (const int descriptor : descriptors) self->waits_.push_back({descriptor, POLLIN, 0});
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  // the new thread has it from this one
  try {
    self->thread_ = std::thread([thread = self.get()] { thread->run(); });
  } catch (const std::system_error& error) {
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
    return system_error("start", "a thread that empties sockets", error.code().value());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return self;
}

DrainThread::~DrainThread() {
  eventfd_write(stop_.get(), 1);
  if (thread_.joinable()) thread_.join();
}

void DrainThread::drain_now() {
  const std::scoped_lock lock(mutex_);
  drain_();
}

bool DrainThread::stopped_within(int milliseconds) const {
  pollfd wait{stop_.get(), POLLIN, 0};
  return poll(&wait, 1, milliseconds) == 1;
}

void DrainThread::run() {
  using Clock = std::chrono::steady_clock;
  constexpr std::chrono::milliseconds kGap(kGapMilliseconds);
  Clock::time_point earned_until = Clock::now();
  int credit = kMostCredit;
  for (;;) {
    poll(waits_.data(), waits_.size(), -1);
    if ((waits_.front().revents & POLLIN) != 0) return;
    const auto earned = (Clock::now() - earned_until) / kGap;
    earned_until += earned * kGap;
    credit = static_cast<int>(std::min<std::int64_t>(credit + earned, kMostCredit));
    if (credit > 0) {
      --credit;
      if (stopped_within(kTogetherMilliseconds)) return;
    } else {
      if (stopped_within(kGapMilliseconds)) return;
      earned_until = Clock::now();
    }
    drain_now();
  }
}

}  // namespace tacho
