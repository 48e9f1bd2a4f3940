// SPDX-License-Identifier: Apache-2.0
// What /proc tells of a process right after its exec, for sources that tell the exec alone.
#pragma once

#include <cstddef>
#include <string>

#include "ledger/life.h"

namespace tacho {

// The most bytes of arguments that a LifeEvent carries.
inline constexpr std::size_t kMostArguments = 4096;

struct ExecDetails {
  std::string command, executable, arguments;
  bool arguments_cut = false;
  ProcessIdentity identity;

  // The event views what stands here.
  void show_in(LifeEvent& event) const;
};

// What of it is there and readable; all empty when the process is gone.
ExecDetails read_exec_details(int pid);

// The part that comes from /proc/PID/status.
void read_status(std::string_view text, ExecDetails& details);

}  // namespace tacho
