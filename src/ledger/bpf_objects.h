// SPDX-License-Identifier: Apache-2.0
// What tacho-bpf hands over: one packet of a SOCK_SEQPACKET socket for each object, its name as text
// and its descriptor beside it; then the word for the end, or an error instead. Nothing is pinned: the
// objects live by these descriptors, and the kernel drops them when the last is closed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// Longest packet: a name, or a line that says what went wrong.
inline constexpr std::size_t kLongestBpfPacket = 1024;
// More are not handed over by any build: a larger number comes from something else.
inline constexpr std::size_t kMostBpfObjects = 32;

class BpfObjects {
 public:
  // The descriptor stays this object's.
  Result<int> find(std::string_view name) const;
  void add(std::string name, FileDescriptor descriptor);
  std::size_t size() const { return objects_.size(); }

 private:
  struct Object {
    std::string name;
    FileDescriptor descriptor;
  };
  std::vector<Object> objects_;
};

Result<void> send_bpf_object(int socket, std::string_view name, int descriptor);
Result<void> send_bpf_end(int socket);
// `system_error`: why, as errno; the receiver makes the error's code of it.
Result<void> send_bpf_error(int socket, int system_error, std::string_view text);

// Takes the packets that are there. True: all objects are in `objects`.
Result<bool> receive_bpf_objects(int socket, BpfObjects& objects);

}  // namespace tacho
