// SPDX-License-Identifier: Apache-2.0
// Processes, signals and descriptors of `tacho run`, without its policy. For a process of one
// thread: all of this forks or changes what belongs to the process as a whole.
#pragma once

#include <csignal>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "recorder/supervisor.h"

namespace tacho {

struct Pipe {
  FileDescriptor read_end, write_end;
};

// A pipe that a started program does not inherit, never on descriptors 0 to 2: where the caller
// closed one of these, the command finds it closed and nothing of ours is taken for it.
Result<Pipe> make_pipe();

// Closes every descriptor but those of `kept`.
void close_all_but(std::vector<int> kept);

// Puts /dev/null in the place of a descriptor.
void point_to_null(int descriptor);

// What of the caller's signal handling we change for ourselves and a child has to get back.
class CallerSignals {
 public:
  // Blocks everything that can be blocked and makes children waitable. Returns a descriptor on
  // which the blocked signals are read.
  Result<FileDescriptor> take_over();
  void give_back() const;

 private:
  sigset_t mask_{};
  struct sigaction child_action_ {};
};

// The command's process: forked, and waiting for a byte before it becomes the command.
struct CommandProcess {
  int pid = 0;
  FileDescriptor release;     // write a byte: go; close it instead: end without having run
  FileDescriptor exec_error;  // an int, errno, when it could not be executed; EOF when it runs
};
Result<CommandProcess> start_command(const std::vector<std::string>& arguments,
                                     const CallerSignals& signals);

// Becomes the command. Returns, with errno, only when that failed.
void execute(const std::vector<std::string>& arguments);
// The status by convention for a command that execute() could not become: 127 or 126.
int status_of_exec_error(int error_number);
// Whether a search as execvp does it finds a program. Only a hint: the answer is execute()'s.
bool can_be_found(const std::string& program);

// The recorder's process and our ends of its channel.
struct RecorderHandle {
  int pid = 0;
  FileDescriptor ready, control, receipt;
  FileDescriptor complaints;  // its stderr
};
// Forks the recorder: a process group of its own, deaf to the terminal's signals, with no
// descriptor of the caller's, so that it never holds a pipe open for which somebody waits.
Result<RecorderHandle> start_recorder(const RecorderProcess& recorder, int command_pid);

// Stops this process as `signal` stops one, until it is continued.
void stop_by(int signal);
// Ends this process by `signal` without a core file. Returns where that cannot be (as process 1).
void end_by(int signal);

}  // namespace tacho
