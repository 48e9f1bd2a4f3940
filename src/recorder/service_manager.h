// SPDX-License-Identifier: Apache-2.0
// What a service manager is told: that recording has begun, that it goes on, that it ends. By the protocol
// of sd_notify(3); where nobody asks, nothing is done.
#pragma once

#include <optional>
#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"

namespace tacho {

class ServiceManager {
 public:
  // Of the variables NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID, which are taken out of the environment:
  // no process that is started later speaks for this one.
  static ServiceManager from_environment();

  void tell_ready();
  void tell_stopping();
  // When the next word is due that we are alive; unset where none is wanted.
  std::optional<Nanoseconds> alive_due() const;
  // Says so when it is due.
  void tell_alive(Nanoseconds now);

 private:
  void tell(const std::string& state);

  FileDescriptor socket_;
  std::string address_;  // as in sun_path
  Nanoseconds every_{};  // zero: nobody watches
  Nanoseconds due_{};
};

}  // namespace tacho
