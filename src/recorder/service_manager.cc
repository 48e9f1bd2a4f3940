// SPDX-License-Identifier: Apache-2.0
#include "recorder/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tacho {
namespace {

// The manager waits for so much; saying it twice as often leaves room for one that is late.
constexpr int kTimesPerLimit = 2;

std::string taken_from_environment(const char* name) {
  const char* value = std::getenv(name);
  std::string taken = value == nullptr ? "" : value;
  unsetenv(name);
  return taken;
}

std::int64_t number_of(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : 0;
}

}  // namespace

ServiceManager ServiceManager::from_environment() {
  ServiceManager manager;
  manager.address_ = taken_from_environment("NOTIFY_SOCKET");
  const std::int64_t limit = number_of(taken_from_environment("WATCHDOG_USEC"));
  const std::string watched = taken_from_environment("WATCHDOG_PID");
  const bool is_path = manager.address_.starts_with('/') || manager.address_.starts_with('@');
  if (!is_path || manager.address_.size() >= sizeof(sockaddr_un::sun_path)) return manager;
  manager.socket_ = FileDescriptor(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (manager.address_.front() == '@') manager.address_.front() = '\0';  // an abstract name
  if (limit > 0 && (watched.empty() || number_of(watched) == getpid()))
    manager.every_ = std::chrono::microseconds(limit) / kTimesPerLimit;
  return manager;
}

void ServiceManager::tell(const std::string& state) {
  if (!socket_) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.data(), address_.size());
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // A manager that does not listen is no reason not to record.
  [[maybe_unused]] const ssize_t sent =
      sendto(socket_.get(), state.data(), state.size(), MSG_NOSIGNAL,
             reinterpret_cast<const sockaddr*>(&address), size);
}

void ServiceManager::tell_ready() { tell("READY=1\nSTATUS=Recording"); }

void ServiceManager::tell_stopping() { tell("STOPPING=1\nSTATUS=Writing and sealing what was recorded"); }

std::optional<Nanoseconds> ServiceManager::alive_due() const {
  return every_ > Nanoseconds::zero() ? std::optional(due_) : std::nullopt;
}

void ServiceManager::tell_alive(Nanoseconds now) {
  if (every_ <= Nanoseconds::zero() || now < due_) return;
  tell("WATCHDOG=1");
  due_ = now + every_;
}

}  // namespace tacho
