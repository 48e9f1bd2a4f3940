// SPDX-License-Identifier: Apache-2.0
// `tacho run`: three processes. The supervisor (the caller) starts the recorder and the command as
// two children, waits, and ends as the command ended. The command gets the caller's limits,
// oom_score_adj, nice, affinity, signal mask and dispositions, descriptors, environment, process
// group and terminal unchanged. A recorder that dies, hangs or never starts changes nothing for it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "recorder/recorder.h"

namespace tacho {

struct SuperviseOptions {
  std::vector<std::string> arguments;  // the command; looked up in PATH
  std::optional<Nanoseconds> timeout;  // SIGTERM to the command, SIGKILL 10 s later, exit 124
  bool quiet = false;                  // no receipt
};

// What runs in the recorder's child. It is called after the command's process exists (waiting to
// exec) and returns the exit status of the recorder.
using RecorderProcess = std::function<int(int command_pid, const RecorderChannel& channel)>;

// Runs the command beside the recorder and returns the status to exit with: the command's own;
// 127 not found, 126 found but cannot be executed, 124 after the timeout. When the command died by a
// signal, this call does not return: it ends this process by the same signal, without a core file.
// Where no second process can be started, the command takes the place of this one, unrecorded; with
// a timeout, which could not be kept so, nothing is started and the status is 125.
// The receipt, and what the recorder wrote to its stderr, go to stderr after the command's end.
// Call it from a process of one thread: it forks, and afterwards stdin and stdout are /dev/null.
int supervise(const SuperviseOptions& options, const RecorderProcess& recorder);

}  // namespace tacho
