// SPDX-License-Identifier: Apache-2.0
#include "recorder/supervisor_process.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "base/text.h"

namespace tacho {
namespace {

constexpr int kFirstOwnDescriptor = STDERR_FILENO + 1;

Result<FileDescriptor> moved_up(FileDescriptor descriptor) {
  if (descriptor.get() >= kFirstOwnDescriptor) return descriptor;
  FileDescriptor moved(fcntl(descriptor.get(), F_DUPFD_CLOEXEC, kFirstOwnDescriptor));
  if (!moved) return last_system_error("copy", "a descriptor");
  return moved;
}

// Before Linux 5.9: by name. The folder's own descriptor is in the list, and closed last.
void close_one_by_one(const std::vector<int>& kept) {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return;
  while (const dirent* entry = readdir(folder)) {
    const auto descriptor = parse_integer<int>(entry->d_name);
    if (descriptor && *descriptor != dirfd(folder) &&
        !std::binary_search(kept.begin(), kept.end(), *descriptor))
      close(*descriptor);
  }
  closedir(folder);
}

void ask_to_be_spared() {
  // As services that must survive what they watch do; the caller's own value where that is
  // refused. Below -900 only the kernel's helpers and udev stand.
  constexpr std::string_view kAdjustment = "-900";
  const FileDescriptor file(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file) [[maybe_unused]] const auto written = write_all(file.get(), kAdjustment);
}

// SIGTERM too: a batch system sends it to every process of a job, and the recorder is to see how
// the command takes it. It ends when the command has ended.
constexpr std::array kIgnoredByTheRecorder = {SIGINT,  SIGQUIT, SIGTERM, SIGHUP, SIGTSTP,
                                              SIGTTIN, SIGTTOU, SIGPIPE, SIGXFSZ};

[[noreturn]] void be_recorder(const RecorderProcess& recorder, int command_pid,
                              const RecorderChannel& channel, int complaints) {
  setpgid(0, 0);
  for (const int signal : kIgnoredByTheRecorder) std::signal(signal, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(complaints, STDERR_FILENO);
  close_all_but({STDERR_FILENO, channel.ready, channel.control, channel.receipt});
  point_to_null(STDIN_FILENO);
  point_to_null(STDOUT_FILENO);
  ask_to_be_spared();
  _exit(recorder(command_pid, channel));
}

[[noreturn]] void be_command(const std::vector<std::string>& arguments,
                             const CallerSignals& signals, int release, int exec_error) {
  char byte = 0;
  ssize_t got = 0;
  do got = read(release, &byte, 1);
  while (got < 0 && errno == EINTR);
  // Nobody let it go: the supervisor is gone, and the caller was told that.
  if (got != 1) _exit(125);
  signals.give_back();
  execute(arguments);
  const int error_number = errno;
  // The status says it too, for the case that nobody reads this.
  [[maybe_unused]] const ssize_t written = write(exec_error, &error_number, sizeof error_number);
  _exit(status_of_exec_error(error_number));
}

}  // namespace

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return last_system_error("make", "a pipe");
  FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  Pipe made;
  made.read_end = TRY(moved_up(std::move(read_end)));
  made.write_end = TRY(moved_up(std::move(write_end)));
  return made;
}

void close_all_but(std::vector<int> kept) {
  std::sort(kept.begin(), kept.end());
  unsigned first = 0;
  for (const int descriptor : kept) {
    const auto number = static_cast<unsigned>(descriptor);
    if (number > first && syscall(SYS_close_range, first, number - 1, 0) != 0)
      return close_one_by_one(kept);
    first = number + 1;
  }
  if (syscall(SYS_close_range, first, ~0u, 0) != 0) close_one_by_one(kept);
}

void point_to_null(int descriptor) {
  const int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) {
    close(descriptor);
  } else if (null == descriptor) {
    fcntl(null, F_SETFD, 0);  // the place was free; as dup2, without the flag
  } else {
    dup2(null, descriptor);
    close(null);
  }
}

Result<FileDescriptor> CallerSignals::take_over() {
  sigset_t all;
  sigfillset(&all);
  // Our own faults must end us, not wait for ever.
  for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT})
    sigdelset(&all, fault);
  if (sigprocmask(SIG_SETMASK, &all, &mask_) != 0) return last_system_error("block", "signals");
  // A caller that ignores SIGCHLD (some cron daemons do) hands that down, and then no child's
  // status can be had.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  sigaction(SIGCHLD, &standard, &child_action_);
  Result<FileDescriptor> signals = FileDescriptor(signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK));
  signals = *signals ? moved_up(std::move(*signals)) : last_system_error("wait for", "signals");
  if (!signals) give_back();
  return signals;
}

void CallerSignals::give_back() const {
  sigaction(SIGCHLD, &child_action_, nullptr);
  sigprocmask(SIG_SETMASK, &mask_, nullptr);
}

int status_of_exec_error(int error_number) { return error_number == ENOENT ? 127 : 126; }

namespace {

// Whether one of the places where execvp looks for it is right. The system's default for no PATH is
// execvp's to know: then it is.
bool is_any_place(const std::string& program, bool (*is_right)(const std::string& path)) {
  if (program.find('/') != std::string::npos) return is_right(program);
  const char* variable = getenv("PATH");
  if (variable == nullptr) return true;
  std::string_view path = variable;
  bool is_last = false;
  while (!is_last) {
    is_last = path.find(':') == std::string_view::npos;
    const std::string_view folder = take_until(path, ':');
    if (is_right(std::string(folder.empty() ? "." : folder) + "/" + program)) return true;
  }
  return false;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0;
}

bool is_program(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

}  // namespace

void execute(const std::vector<std::string>& arguments) {
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments)
    pointers.push_back(const_cast<char*>(argument.c_str()));  // execvp does not write to them
  pointers.push_back(nullptr);
  execvp(pointers[0], pointers.data());
  // It says so too of a folder of PATH that is closed to us. To a shell that is a command not found.
  if (errno == EACCES) errno = is_any_place(arguments.front(), is_there) ? EACCES : ENOENT;
}

bool can_be_found(const std::string& program) { return is_any_place(program, is_program); }

Result<CommandProcess> start_command(const std::vector<std::string>& arguments,
                                     const CallerSignals& signals) {
  Pipe release = TRY(make_pipe());
  Pipe exec_error = TRY(make_pipe());
  const int pid = fork();
  if (pid < 0) return last_system_error("start", "a process");
  if (pid == 0) {
    release.write_end.reset();  // or the end of the supervisor would go unnoticed
    be_command(arguments, signals, release.read_end.get(), exec_error.write_end.get());
  }
  CommandProcess command;
  command.pid = pid;
  command.release = std::move(release.write_end);
  command.exec_error = std::move(exec_error.read_end);
  return command;
}

Result<RecorderHandle> start_recorder(const RecorderProcess& recorder, int command_pid) {
  Pipe ready = TRY(make_pipe());
  Pipe control = TRY(make_pipe());
  Pipe receipt = TRY(make_pipe());
  Pipe complaints = TRY(make_pipe());
  const int pid = fork();
  if (pid < 0) return last_system_error("start", "the recorder");
  if (pid == 0) {
    const RecorderChannel channel{.ready = ready.write_end.get(),
                                  .control = control.read_end.get(),
                                  .receipt = receipt.write_end.get()};
    be_recorder(recorder, command_pid, channel, complaints.write_end.get());
  }
  RecorderHandle handle;
  handle.pid = pid;
  handle.ready = std::move(ready.read_end);
  handle.control = std::move(control.write_end);
  handle.receipt = std::move(receipt.read_end);
  handle.complaints = std::move(complaints.read_end);
  return handle;
}

void stop_by(int signal) {
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  // The terminal's own stop signal waits here, blocked; with it we would stop twice.
  const struct timespec at_once {};
  while (signal != SIGSTOP && sigtimedwait(&only, nullptr, &at_once) > 0) continue;
  struct sigaction standard {}, before {};
  standard.sa_handler = SIG_DFL;
  sigaction(signal, &standard, &before);
  kill(getpid(), signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);  // here it stops
  sigprocmask(SIG_BLOCK, &only, nullptr);
  if (signal != SIGSTOP) sigaction(signal, &before, nullptr);
}

void end_by(int signal) {
  // Both: a core_pattern that is a pipe disregards the limit.
  const struct rlimit none {};
  setrlimit(RLIMIT_CORE, &none);
  prctl(PR_SET_DUMPABLE, 0);
  std::signal(signal, SIG_DFL);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal);
  kill(getpid(), signal);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
}

}  // namespace tacho
