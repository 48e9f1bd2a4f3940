// SPDX-License-Identifier: Apache-2.0
// What ends a recording or wakes it before its next tick, as one descriptor to wait on.
#pragma once

#include <cstdint>
#include <optional>

#include "base/error.h"
#include "base/file.h"
#include "recorder/recorder.h"

namespace tacho {

// Waits for SIGINT and SIGTERM (blocked while this lives), for the supervisor's report, for the
// command's end when the supervisor is gone, and for further descriptors.
class WakeUp {
 public:
  static Result<WakeUp> create(int control, int command_pid);
  WakeUp(WakeUp&&) = default;

  int descriptor() const { return epoll_.get(); }
  Result<void> add(int descriptor);

  struct Reason {
    bool stop = false;
    std::optional<CommandReport> report;  // the command ended
    bool other = false;                   // one of the added descriptors
  };
  // What woke us; does not wait.
  Reason take();

 private:
  WakeUp() = default;
  FileDescriptor epoll_, signals_, command_;
  int control_ = -1;
  int command_pid_ = 0;
};

}  // namespace tacho
