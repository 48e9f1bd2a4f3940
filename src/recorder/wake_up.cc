// SPDX-License-Identifier: Apache-2.0
#include "recorder/wake_up.h"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tacho {

Result<WakeUp> WakeUp::create(int control, int command_pid) {
  WakeUp wake;
  wake.control_ = control;
  wake.command_pid_ = command_pid;
  wake.epoll_ = FileDescriptor(epoll_create1(EPOLL_CLOEXEC));
  if (!wake.epoll_) return last_system_error("make", "an epoll descriptor");
  sigset_t stopping;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGTERM);
  // In `tacho run` the terminal's signals are the command's; the supervisor's report ends us.
  if (control < 0) {
    sigaddset(&stopping, SIGINT);
    sigaddset(&stopping, SIGHUP);
  }
  pthread_sigmask(SIG_BLOCK, &stopping, nullptr);
  wake.signals_ = FileDescriptor(signalfd(-1, &stopping, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!wake.signals_) return last_system_error("make", "a signal descriptor");
  TRY(wake.add(wake.signals_.get()));
  if (control >= 0) TRY(wake.add(control));
  return wake;
}

Result<void> WakeUp::add(int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0)
    return last_system_error("watch", "a descriptor");
  return {};
}

WakeUp::Reason WakeUp::take() {
  Reason reason;
  epoll_event events[8];
  const int count = epoll_wait(epoll_.get(), events, 8, 0);
  for (int index = 0; index < count; ++index) {
    const int descriptor = events[index].data.fd;
    if (descriptor == signals_.get()) {
      signalfd_siginfo signal{};
      if (read(descriptor, &signal, sizeof signal) == sizeof signal) reason.stop = true;
    } else if (descriptor == control_) {
      CommandReport report;
      if (read(descriptor, &report, sizeof report) == sizeof report) {
        reason.report = report;
        continue;
      }
      // The supervisor is gone without a word: record on until the command has ended.
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, control_, nullptr);
      control_ = -1;
      command_ = FileDescriptor(static_cast<int>(syscall(SYS_pidfd_open, command_pid_, 0)));
      if (!command_ || !add(command_.get())) reason.stop = true;
    } else if (command_ && descriptor == command_.get()) {
      reason.stop = true;
    } else {
      reason.other = true;
    }
  }
  return reason;
}

}  // namespace tacho
