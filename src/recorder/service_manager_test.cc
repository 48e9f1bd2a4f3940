// SPDX-License-Identifier: Apache-2.0
#include "recorder/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace tacho {
namespace {

using namespace std::chrono_literals;

// What a service manager has: a socket under an abstract name.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    EXPECT_EQ(bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size), 0);
    setenv("NOTIFY_SOCKET", ("@" + name).c_str(), 1);
  }
  // The next word; empty when there is none.
  std::string heard() const {
    char text[256];
    const ssize_t size = recv(socket_.get(), text, sizeof text, 0);
    return {text, size > 0 ? static_cast<std::size_t>(size) : 0};
  }

 private:
  FileDescriptor socket_;
};

std::string own_name(const char* test) { return std::string("tacho-test-") + test + std::to_string(getpid()); }

TEST(ServiceManager, IsToldThatRecordingBeginsAndEnds) {
  const Manager manager(own_name("ready"));
  ServiceManager told = ServiceManager::from_environment();
  told.tell_ready();
  EXPECT_TRUE(manager.heard().starts_with("READY=1\n"));
  told.tell_stopping();
  EXPECT_TRUE(manager.heard().starts_with("STOPPING=1\n"));
  EXPECT_FALSE(told.alive_due());
  told.tell_alive(1s);
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, IsToldTwiceInItsTimeThatWeAreAlive) {
  const Manager manager(own_name("alive"));
  setenv("WATCHDOG_USEC", "10000000", 1);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  ServiceManager told = ServiceManager::from_environment();
  told.tell_alive(100s);
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
  EXPECT_EQ(told.alive_due(), 105s);
  told.tell_alive(104s);
  EXPECT_EQ(manager.heard(), "");
  told.tell_alive(105s);
  EXPECT_EQ(manager.heard(), "WATCHDOG=1");
}

TEST(ServiceManager, LeavesNothingInTheEnvironmentForOthers) {
  const Manager manager(own_name("environment"));
  setenv("WATCHDOG_USEC", "10000000", 1);
  setenv("WATCHDOG_PID", "1", 1);  // another process is watched
  EXPECT_FALSE(ServiceManager::from_environment().alive_due());
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(std::getenv("WATCHDOG_USEC"), nullptr);
  ServiceManager nobody = ServiceManager::from_environment();
  nobody.tell_ready();
  EXPECT_EQ(manager.heard(), "");
}

TEST(ServiceManager, PassesOverAnAddressThatIsNone) {
  for (const std::string& address : {std::string("vsock:2:1"), std::string(200, '/')}) {
    setenv("NOTIFY_SOCKET", address.c_str(), 1);
    ServiceManager told = ServiceManager::from_environment();
    told.tell_ready();
  }
}

}  // namespace
}  // namespace tacho
