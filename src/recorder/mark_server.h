// SPDX-License-Identifier: Apache-2.0
// The socket on which a running recorder takes marks: 0600 in a 0700 folder, and the peer must be
// the recorder's user, root, or the user who called sudo.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "collectors/events.h"

namespace tacho {

// What a mark says. One datagram of a SOCK_SEQPACKET connection: JSON {"mark": text, "time": ns,
// "until": ns}, answered by "ok" or by a line that says what was wrong.
struct Mark {
  std::string text;
  std::optional<std::int64_t> time;   // ns since 1970 UTC; absent: now
  std::optional<std::int64_t> until;  // the end of a phase
};
// As it is stored and sent: text escaped and cut at 4 KiB.
std::string to_json(const Mark& mark);
Result<Mark> parse_mark(std::string_view json);

class MarkServer {
 public:
  static Result<MarkServer> create(const std::string& recording_id);
  MarkServer(MarkServer&& other) noexcept
      : socket_(std::move(other.socket_)), path_(std::exchange(other.path_, "")) {}
  ~MarkServer();
  int descriptor() const { return socket_.get(); }
  // Takes what waits; does not wait itself.
  void serve(EventQueue& events, Clock& clock);

 private:
  MarkServer() = default;
  FileDescriptor socket_;
  std::string path_;
};

// Sends a mark to the recorder of this recording. `absent` when none listens.
Result<void> send_mark(const std::string& recording_id, const Mark& mark);

}  // namespace tacho
