// SPDX-License-Identifier: Apache-2.0
// Starts tacho-bpf and takes what it loaded. Loading takes a tenth of a second of CPU and more: the
// caller goes on meanwhile.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "ledger/bpf_objects.h"

namespace tacho {

enum class BpfPart : std::uint8_t { lives, walk };

class BpfLoader {
 public:
  // `program`: the path of tacho-bpf; `absent` when there is none.
  static Result<BpfLoader> start(const std::string& program, BpfPart part);
  BpfLoader(BpfLoader&&) noexcept;
  BpfLoader& operator=(BpfLoader&&) = delete;
  // Ends the program if it is still at it, and takes its status, so that no zombie stays.
  ~BpfLoader();

  // Readable when it has answered.
  int descriptor() const { return socket_.get(); }
  // Never waits: nothing yet, everything, or why not (`denied`: rights are missing; `absent`: this
  // kernel has it not). Nothing comes after either of these.
  Result<std::optional<BpfObjects>> poll();

 private:
  BpfLoader(pid_t pid, FileDescriptor socket) : pid_(pid), socket_(std::move(socket)) {}

  pid_t pid_ = 0;
  FileDescriptor socket_;
  BpfObjects received_;
};

}  // namespace tacho
