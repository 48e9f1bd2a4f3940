// SPDX-License-Identifier: Apache-2.0
// The order matters and is: signals, the command's process (waiting), the recorder, its first
// tick, the command. The recorder's pipes are made after the command's process, which never sees
// them.
#include "recorder/supervisor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

#include "base/read_clock.h"
#include "base/text.h"
#include "recorder/supervisor_process.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

// How long the command waits for the recorder's first tick. It comes within 10 ms on an idle
// machine; a quarter of a second is short to a person and still enough for a busy one.
constexpr Nanoseconds kReadyLimit = 250ms;
// How long we wait for the receipt. The recorder writes its last tick and one small file, which a
// disk that is flushing for others can hold up for seconds; beyond that the caller comes first.
constexpr Nanoseconds kReceiptLimit = 5s;
// Between SIGTERM and SIGKILL after the timeout: what service managers and batch systems grant at
// the least, so that programs are made to end within it.
constexpr Nanoseconds kKillDelay = 10s;
// Of the recorder's own messages and of the receipt. Both are some lines; more is a fault that
// must not fill our memory.
constexpr std::size_t kTextLimit = 64 * 1024;

constexpr int kOwnFailure = 125;
constexpr int kTimedOut = 124;
// Signals whose SI_KERNEL form the terminal sends, to the whole foreground group.
constexpr std::array kTerminalSignals = {SIGINT,  SIGQUIT, SIGTSTP, SIGHUP,
                                         SIGCONT, SIGTTIN, SIGTTOU, SIGWINCH};

std::int64_t nanoseconds_of(const struct timeval& time) {
  return (std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec)) / 1ns;
}

// One line of our own. Where the caller closed stderr there is nobody to tell.
void say(std::string_view text) {
  [[maybe_unused]] const auto written = write_all(STDERR_FILENO, text);
}

bool has_terminal() {
  return static_cast<bool>(FileDescriptor(open("/dev/tty", O_RDONLY | O_NOCTTY | O_CLOEXEC)));
}

std::string ending_of(int wait_status) {
  if (WIFSIGNALED(wait_status))
    return fmt::format("was ended by signal {} ({})", WTERMSIG(wait_status),
                       strsignal(WTERMSIG(wait_status)));
  return fmt::format("ended with status {}", WEXITSTATUS(wait_status));
}

class Supervision {
 public:
  Supervision(const SuperviseOptions& options, const RecorderProcess& recorder)
      : options_(options), recorder_process_(recorder) {}

  int run() {
    const auto prepared = prepare();
    if (!prepared) return run_alone(prepared.error());
    start_the_recorder();
    wait_while([&] { return recorder_.ready && !command_ended_; },
               read_clock(CLOCK_MONOTONIC) + kReadyLimit);
    recorder_.ready.reset();
    release();
    while (!command_ended_) {
      wait_while([&] { return !command_ended_; }, next_deadline_);
      if (!command_ended_) press_for_the_end();
    }
    // The end of the process closed the pipe: the answer is there, if it was not seen before.
    if (command_.exec_error) read_exec_error();
    finish_recording();
    return end();
  }

 private:
  Result<void> prepare() {
    has_stderr_ = fcntl(STDERR_FILENO, F_GETFD) >= 0;
    signals_ = TRY(caller_signals_.take_over());
    auto command = start_command(options_.arguments, caller_signals_);
    if (!command) {
      caller_signals_.give_back();
      return std::move(command).error();
    }
    command_ = std::move(*command);
    // Read only when poll() said that something is there, but never to wait in it.
    fcntl(command_.exec_error.get(), F_SETFL, O_NONBLOCK);
    return {};
  }

  // No second process, or no descriptor: the command comes first, and can have this process. A
  // timeout that was asked for could not be kept so.
  int run_alone(const Error& error) {
    if (options_.timeout) {
      tell(fmt::format("tacho: {}; nothing was started\n", error.text));
      return kOwnFailure;
    }
    tell(fmt::format("tacho: not recording: {}\n", error.text));
    execute(options_.arguments);
    exec_error_ = errno;
    return tell_exec_error();
  }

  void start_the_recorder() {
    // What does not exist needs no recording; what exec says decides all the same.
    if (!can_be_found(options_.arguments.front())) return;
    auto handle = start_recorder(recorder_process_, command_.pid);
    if (!handle) {
      complaints_ = fmt::format("tacho: not recording: {}\n", handle.error().text);
      return;
    }
    recorder_ = std::move(*handle);
    for (const FileDescriptor* end : {&recorder_.ready, &recorder_.receipt, &recorder_.complaints})
      fcntl(end->get(), F_SETFL, O_NONBLOCK);
  }

  void release() {
    report_.start_time = read_clock(CLOCK_REALTIME).count();
    report_.start_boottime = read_clock(CLOCK_BOOTTIME).count();
    [[maybe_unused]] const ssize_t written = write(command_.release.get(), "", 1);
    command_.release.reset();
    drop_inherited_descriptors();
    if (options_.timeout) next_deadline_ = read_clock(CLOCK_MONOTONIC) + *options_.timeout;
  }

  // Whoever waits for the end of a pipe that the command holds must not wait for us.
  void drop_inherited_descriptors() {
    std::vector<int> kept = {STDERR_FILENO};
    for (const FileDescriptor* own :
         {&signals_, &command_.exec_error, &recorder_.control, &recorder_.receipt,
          &recorder_.complaints})
      if (*own) kept.push_back(own->get());
    close_all_but(std::move(kept));
    point_to_null(STDIN_FILENO);
    point_to_null(STDOUT_FILENO);
  }

  // Handles what comes until `unfinished` says no, or `deadline` (CLOCK_MONOTONIC; 0: none).
  template <class Condition>
  void wait_while(Condition unfinished, Nanoseconds deadline) {
    while (unfinished()) {
      std::array<struct pollfd, 5> wanted{};
      std::size_t count = 0;
      for (const FileDescriptor* descriptor :
           {&signals_, &command_.exec_error, &recorder_.ready, &recorder_.receipt,
            &recorder_.complaints})
        wanted[count++] = {.fd = descriptor->get(), .events = POLLIN, .revents = 0};
      int limit = -1;
      if (deadline != 0ns) {
        const Nanoseconds left = deadline - read_clock(CLOCK_MONOTONIC);
        if (left <= 0ns) return;
        limit = static_cast<int>(std::min<std::int64_t>(
            std::chrono::ceil<std::chrono::milliseconds>(left).count(), INT_MAX));
      }
      if (poll(wanted.data(), count, limit) <= 0) continue;
      if (wanted[0].revents != 0) read_signals();
      if (wanted[1].revents != 0 && command_.exec_error) read_exec_error();
      if (wanted[2].revents != 0) recorder_.ready.reset();  // a byte, or its end
      if (wanted[3].revents != 0) read_text(recorder_.receipt, receipt_);
      if (wanted[4].revents != 0) read_text(recorder_.complaints, complaints_);
    }
  }

  void read_signals() {
    struct signalfd_siginfo signal {};
    while (read(signals_.get(), &signal, sizeof signal) == sizeof signal) {
      const int number = static_cast<int>(signal.ssi_signo);
      if (number == SIGCHLD)
        reap();
      else if (number != SIGPIPE)  // our own: a recorder that is gone
        pass_on(number, signal);
    }
  }

  void pass_on(int number, const struct signalfd_siginfo& signal) {
    if (command_ended_) {
      interrupted_ = interrupted_ || number == SIGINT || number == SIGTERM || number == SIGHUP ||
                     number == SIGQUIT;
      return;
    }
    const bool of_the_terminal =
        signal.ssi_code == SI_KERNEL &&
        std::find(kTerminalSignals.begin(), kTerminalSignals.end(), number) !=
            kTerminalSignals.end();
    // A signal that the command sent to its own group has reached it as well.
    const bool of_the_command = signal.ssi_code <= 0 &&
                                signal.ssi_pid == static_cast<std::uint32_t>(command_.pid);
    if (!of_the_terminal && !of_the_command) kill(command_.pid, number);
  }

  void reap() {
    int status = 0;
    struct rusage usage {};
    // Any child: as process 1 of a container, orphans are ours too.
    for (int pid = 0; (pid = wait4(-1, &status, WNOHANG | WUNTRACED, &usage)) > 0;) {
      if (pid == command_.pid && WIFSTOPPED(status)) {
        stop_with_the_command(WSTOPSIG(status));
      } else if (pid == command_.pid) {
        note_the_end(status, usage);
      } else if (pid == recorder_.pid && !WIFSTOPPED(status)) {
        recorder_status_ = status;
      }
    }
  }

  // A shell does job control with us, so it has to see the stop. SIGSTOP without a terminal is no
  // job control: somebody pauses that process and continues it by its id, and nobody us.
  static void stop_with_the_command(int signal) {
    if (signal != SIGSTOP || has_terminal()) stop_by(signal);
  }

  void note_the_end(int status, const struct rusage& usage) {
    command_ended_ = true;
    report_.wait_status = status;
    report_.timed_out = timed_out_;
    report_.end_time = read_clock(CLOCK_REALTIME).count();
    report_.end_boottime = read_clock(CLOCK_BOOTTIME).count();
    report_.cpu_time_user = nanoseconds_of(usage.ru_utime);
    report_.cpu_time_system = nanoseconds_of(usage.ru_stime);
    report_.memory_peak = std::int64_t{usage.ru_maxrss} * 1024;
  }

  void press_for_the_end() {
    kill(command_.pid, timed_out_ ? SIGKILL : SIGTERM);
    kill(command_.pid, SIGCONT);  // a stopped one would not notice
    // After SIGKILL there is nothing left to do but to wait.
    next_deadline_ = timed_out_ ? 0ns : read_clock(CLOCK_MONOTONIC) + kKillDelay;
    timed_out_ = true;
  }

  void read_exec_error() {
    int error_number = 0;
    const ssize_t got = read(command_.exec_error.get(), &error_number, sizeof error_number);
    if (got < 0 && errno == EAGAIN) return;
    if (got == sizeof error_number) exec_error_ = error_number;
    command_.exec_error.reset();
  }

  static void read_text(FileDescriptor& from, std::string& text) {
    std::array<char, 4096> buffer;
    ssize_t got = 0;
    while ((got = read(from.get(), buffer.data(), buffer.size())) > 0)
      text.append(buffer.data(),
                  std::min<std::size_t>(static_cast<std::size_t>(got), kTextLimit - text.size()));
    if (got == 0) from.reset();
  }

  void finish_recording() {
    if (recorder_.pid == 0) return;
    const std::string_view bytes(reinterpret_cast<const char*>(&report_), sizeof report_);
    // A recorder that is gone does not hear it; the wait below finds out.
    [[maybe_unused]] const auto told = write_all(recorder_.control.get(), bytes);
    recorder_.control.reset();
    if (exec_error_ != 0) return;  // nothing ran, nothing is to be said about it
    const Nanoseconds deadline = read_clock(CLOCK_MONOTONIC) + kReceiptLimit;
    // Without a word in the receipt it is dead or dying, and its status says of what.
    wait_while(
        [&] {
          const bool is_answered = !recorder_.receipt && !receipt_.empty();
          return !is_answered && !recorder_status_ && !interrupted_;
        },
        deadline);
    if (recorder_.receipt) read_text(recorder_.receipt, receipt_);
    if (recorder_.complaints) read_text(recorder_.complaints, complaints_);
  }

  void tell_about_the_recording() {
    tell(complaints_);
    if (!receipt_.empty()) {
      if (!options_.quiet) tell(receipt_);
      return;
    }
    if (recorder_.pid == 0 || !complaints_.empty() || interrupted_) return;
    if (recorder_status_)
      tell(fmt::format("tacho: the recorder {} before its time; what it had written is kept\n",
                       ending_of(*recorder_status_)));
    else
      tell(fmt::format("tacho: the recorder did not answer within {} s; it was left to itself\n",
                       kReceiptLimit / 1s));
  }

  void tell(std::string_view text) const {
    if (has_stderr_) say(text);
  }

  int tell_exec_error() const {
    tell(fmt::format("tacho: cannot run '{}': {}\n", escaped(options_.arguments.front()),
                     strerror(exec_error_)));
    return status_of_exec_error(exec_error_);
  }

  int end() {
    if (exec_error_ != 0) return tell_exec_error();
    tell_about_the_recording();
    if (timed_out_) return kTimedOut;
    if (!WIFSIGNALED(report_.wait_status)) return WEXITSTATUS(report_.wait_status);
    end_by(WTERMSIG(report_.wait_status));
    return 128 + WTERMSIG(report_.wait_status);  // as shells say it, where we could not die so
  }

  const SuperviseOptions& options_;
  const RecorderProcess& recorder_process_;
  bool has_stderr_ = false;
  CallerSignals caller_signals_;
  FileDescriptor signals_;
  CommandProcess command_;
  RecorderHandle recorder_;
  Nanoseconds next_deadline_{};  // CLOCK_MONOTONIC; 0: none
  bool command_ended_ = false;
  bool timed_out_ = false;
  bool interrupted_ = false;  // somebody wants an end while we wait for the receipt
  int exec_error_ = 0;
  CommandReport report_;
  std::optional<int> recorder_status_;
  std::string receipt_, complaints_;
};

}  // namespace

int supervise(const SuperviseOptions& options, const RecorderProcess& recorder) {
  return Supervision(options, recorder).run();
}

}  // namespace tacho
