// SPDX-License-Identifier: Apache-2.0
#include "recorder/command_report.h"

#include <sys/wait.h>

namespace tacho {

void add_report(const CommandReport& report, CommandFacts& command) {
  command.start_time = report.start_time;
  command.start_boottime = report.start_boottime;
  command.end_time = report.end_time;
  command.end_boottime = report.end_boottime;
  command.cpu_time_user = report.cpu_time_user;
  command.cpu_time_system = report.cpu_time_system;
  command.memory_peak = report.memory_peak;
  CommandEnd end{.timed_out = report.timed_out};
  if (WIFSIGNALED(report.wait_status)) {
    end.signal = WTERMSIG(report.wait_status);
    end.core_dumped = WCOREDUMP(report.wait_status);
  } else {
    end.exit_code = WEXITSTATUS(report.wait_status);
  }
  command.end = end;
}

}  // namespace tacho
