// SPDX-License-Identifier: Apache-2.0
// The kernel's process connector: births, execs and ends of processes as messages. It needs no right
// from Linux 6.6 on, CAP_NET_ADMIN before. It knows neither what a process used nor its arguments:
// those are read from /proc at its exec, where it still lives by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "ledger/life.h"
#include "ledger/netlink.h"

namespace tacho {

// One message of the connector.
struct ConnectorEvent {
  enum class Kind : std::uint8_t {
    fork,        // of a process, not of a thread
    exec,
    leader_exit,  // of the thread that gave the process its number: others may live on
    thread_exit   // of another thread
  };
  Kind kind = Kind::fork;
  int pid = 0;                      // of the process
  int thread = 0;                   // exits: the thread; else the process
  std::int64_t monotonic = 0;       // ns, CLOCK_MONOTONIC
  std::optional<int> parent_pid;    // fork: who forked; exits: its parent, from Linux 4.18 on
  std::uint32_t status = 0;         // exits: as wait(2) gives it
};

// The event in a netlink message's payload; nothing when it is another's, or of a kind not wanted.
std::optional<ConnectorEvent> parse_connector(std::span<const std::byte> payload);

class Connector {
 public:
  // `denied` without the right, `absent` where the kernel does not tell us: in a network namespace
  // or a pid namespace of our own, or built without it.
  static Result<Connector> open(int room = kNetlinkRoom);
  Connector(Connector&&) = default;
  Connector& operator=(Connector&&) = default;
  ~Connector();

  void read(const std::function<void(const ConnectorEvent&)>& each);
  // Of the kinds above, exactly.
  std::optional<std::int64_t> lost() { return socket_.lost(); }
  bool lost_unknown() const { return socket_.lost_unknown(); }
  int descriptor() const { return socket_.descriptor(); }

 private:
  explicit Connector(NetlinkSocket socket);
  Result<void> wait_for_answer();

  NetlinkSocket socket_;
  NetlinkBuffersOwner buffers_;
};

// Source 3: the connector alone. Exits carry who and how, no account.
Result<std::unique_ptr<LifeSource>> open_connector();

}  // namespace tacho
