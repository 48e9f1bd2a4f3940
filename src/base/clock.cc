// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/read_clock.h"

namespace tacho {
namespace {

// One timer descriptor per thread, opened on first use and closed at its end. ppoll's own timeout
// would stand still while the machine is suspended.
class Timer {
 public:
  Timer() : descriptor_(timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC)) {}
  ~Timer() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  bool arm(Nanoseconds boottime) const {
    itimerspec value{};
    value.it_value.tv_sec = boottime.count() / 1'000'000'000;
    value.it_value.tv_nsec = boottime.count() % 1'000'000'000;
    return descriptor_ >= 0 &&
           timerfd_settime(descriptor_, TFD_TIMER_ABSTIME, &value, nullptr) == 0;
  }
  int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

}  // namespace

Instant SystemClock::now() {
  return {.time = read_clock(CLOCK_REALTIME),
          .boottime = read_clock(CLOCK_BOOTTIME),
          .monotonic = read_clock(CLOCK_MONOTONIC)};
}

Nanoseconds thread_cpu_time() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }

bool SystemClock::sleep_until(Nanoseconds boottime, int wake_descriptor) {
  thread_local Timer timer;
  while (true) {
    const Nanoseconds left = boottime - read_clock(CLOCK_BOOTTIME);
    if (left <= Nanoseconds::zero()) return true;
    pollfd waits[2] = {{wake_descriptor, POLLIN, 0}, {-1, POLLIN, 0}};
    timespec timeout{};
    const timespec* limit = nullptr;
    if (timer.arm(boottime)) {
      waits[1].fd = timer.descriptor();
    } else {  // no descriptor left: the plain timeout still keeps time while awake
      timeout.tv_sec = left.count() / 1'000'000'000;
      timeout.tv_nsec = left.count() % 1'000'000'000;
      limit = &timeout;
    }
    if (ppoll(waits, 2, limit, nullptr) > 0 && waits[0].revents != 0) return false;
  }
}

}  // namespace tacho
