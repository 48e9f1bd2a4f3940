// SPDX-License-Identifier: Apache-2.0
// What the kernel's two tellers of process lives share: a socket that counts exactly what found no
// room in it, and a thread that empties such sockets.
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// The room asked for in each socket. A stall of the recorder of 2 s at 1,000 exits a second lost
// half of them with the system's default of 208 KiB and none with this; the kernel doubles it.
inline constexpr int kNetlinkRoom = 4 << 20;

// Where messages are received; one for all the sockets of one thread's turn.
class NetlinkBuffers;
struct DeleteNetlinkBuffers {
  void operator()(NetlinkBuffers* buffers) const;
};
using NetlinkBuffersOwner = std::unique_ptr<NetlinkBuffers, DeleteNetlinkBuffers>;
NetlinkBuffersOwner make_netlink_buffers();

class NetlinkSocket {
 public:
  // `groups`: the multicast groups to join, bit 0 for group 1. `room` in bytes; beyond
  // net.core.rmem_max only with CAP_NET_ADMIN, and with less the kernel gives less.
  static Result<NetlinkSocket> open(int protocol, std::uint32_t groups, int room);

  // Sends `payload` as one message of `type` to the kernel.
  Result<void> send(std::uint16_t type, std::uint16_t flags, std::span<const std::byte> payload) const;

  using Each = std::function<void(std::uint16_t type, std::span<const std::byte> payload)>;
  // Calls `each` for every message that waits, at most as many as the room holds, so that it ends.
  // What did not come from the kernel or does not keep to its own lengths is ignored.
  void receive(NetlinkBuffers& buffers, const Each& each);

  // Messages that found no room since the socket was opened, exactly: the kernel counts them at the
  // socket (Linux 4.12), after the filter, and it counts the last ones too, which a gap in sequence
  // numbers does not show until another message comes. Nothing before Linux 4.12.
  std::optional<std::int64_t> lost();
  // Before Linux 4.12: whether the kernel said that something was lost.
  bool lost_unknown() const { return lost_unknown_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  explicit NetlinkSocket(FileDescriptor descriptor) : descriptor_(std::move(descriptor)) {}
  bool receive_some(NetlinkBuffers& buffers, const Each& each);

  FileDescriptor descriptor_;
  std::size_t most_batches_ = 1;  // that fit into the room
  std::uint32_t drops_ = 0;  // the kernel's count of 32 bits, as it was last read
  std::int64_t lost_ = 0;
  bool counts_losses_ = false;
  bool lost_unknown_ = false;
};

// The messages in a datagram from the kernel.
void for_each_message(std::span<const std::byte> datagram, const NetlinkSocket::Each& each);

// Attributes (type, length, value) in a payload, as generic netlink nests them.
void for_each_attribute(std::span<const std::byte> payload,
                        const std::function<void(std::uint16_t type, std::span<const std::byte>)>& each);
void append_attribute(std::vector<std::byte>& payload, std::uint16_t type,
                      std::span<const std::byte> value);

// A thread that calls `drain` when a descriptor became readable: a millisecond later while this is
// rare, and 100 ms after the call before when it is not, so that a storm costs ten wake-ups a second.
class DrainThread {
 public:
  static Result<std::unique_ptr<DrainThread>> start(const std::vector<int>& descriptors,
                                                    std::function<void()> drain);
  // Ends within the time that `drain` takes.
  ~DrainThread();
  // Calls `drain` in the calling thread; never two at the same time.
  void drain_now();

 private:
  DrainThread(FileDescriptor stop, std::function<void()> drain)
      : stop_(std::move(stop)), drain_(std::move(drain)) {}
  void run();
  bool stopped_within(int milliseconds) const;

  FileDescriptor stop_;  // eventfd: readable when the thread shall end
  std::function<void()> drain_;
  std::vector<pollfd> waits_;
  std::mutex mutex_;  // held by whoever drains
  std::thread thread_;
};

}  // namespace tacho
