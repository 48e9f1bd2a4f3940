// SPDX-License-Identifier: Apache-2.0
#include "recorder/mark_server.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "recorder/testing.h"

namespace tacho {
namespace {

const std::string kId = "0123456789abcdef0123456789abcdef";
constexpr unsigned kNobody = 65534;

// A server in a runtime folder of its own.
class MarkServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_RUNTIME_DIR", folder.path().c_str(), 1);
    auto made = MarkServer::create(kId);
    ASSERT_TRUE(made) << made.error().text;
    server.emplace(std::move(*made));
  }
  void TearDown() override { unsetenv("XDG_RUNTIME_DIR"); }

  std::string socket_path() const { return folder / ("tacho/" + kId.substr(0, 16) + ".sock"); }

  FileDescriptor connect_to() const {
    FileDescriptor peer(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
    if (connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return {};
    return peer;
  }

  // Sends one message as a client does and returns the answer.
  std::string say(const std::string& message) {
    const FileDescriptor peer = connect_to();
    EXPECT_TRUE(peer);
    EXPECT_EQ(send(peer.get(), message.data(), message.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(message.size()));
    server->serve(events, clock);
    char answer[1024];
    const ssize_t size = recv(peer.get(), answer, sizeof answer, MSG_DONTWAIT);
    return size < 0 ? "" : std::string(answer, static_cast<std::size_t>(size));
  }

  testing::ScratchFolder folder;
  testing::SteppingClock clock;
  EventQueue events;
  std::optional<MarkServer> server;
};

TEST_F(MarkServerTest, TakesAMarkWithItsTimes) {
  const Instant now = clock.now();
  const std::int64_t at = (now.time - std::chrono::seconds(10)).count();
  EXPECT_EQ(say(to_json({.text = "deploy", .time = at, .until = at + 5})), "ok");
  const auto taken = testing::drained(events);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].name, "mark");
  EXPECT_EQ(taken[0].body, "deploy");
  EXPECT_EQ(taken[0].time.count(), at);
  EXPECT_EQ(taken[0].boottime, now.boottime - std::chrono::seconds(10));
  EXPECT_EQ(taken[0].end_time->count(), at + 5);
}

TEST_F(MarkServerTest, AMarkWithoutATimeIsOfNow) {
  EXPECT_EQ(say("{\"mark\": \"now\"}"), "ok");
  const auto taken = testing::drained(events);
  ASSERT_EQ(taken.size(), 1U);
  EXPECT_EQ(taken[0].time, clock.now().time);
  EXPECT_FALSE(taken[0].end_time);
}

TEST_F(MarkServerTest, HostileMessagesAreAnsweredAndTakeNothing) {
  const std::string deep(8000, '[');
  for (const std::string& message :
       {std::string(""), std::string("\0\0", 2), std::string("{}"), std::string("[\"mark\"]"),
        std::string("{\"mark\": 1}"), std::string("{\"mark\": null}"), std::string("{\"mark\":"),
        std::string("{\"mark\": \"x\", \"time\": -1}"), deep, "{\"mark\": " + deep,
        std::string("{\"mark\": \"x\", \"time\": 18446744073709551615}"),
        std::string("{\"mark\": \"x\", \"until\": -9223372036854775808}"),
        std::string("{\"mark\": \"\xff\xfe\"}")}) {
    EXPECT_NE(say(message), "ok") << message.substr(0, 60);
  }
  EXPECT_TRUE(testing::drained(events).empty());
  EXPECT_EQ(say("{\"mark\": \"still here\"}"), "ok");
}

TEST_F(MarkServerTest, TimesAtTheEdgeOfTheNumbersAreTaken) {
  EXPECT_EQ(say("{\"mark\": \"x\", \"time\": 9223372036854775807}"), "ok");
  EXPECT_EQ(say("{\"mark\": \"x\", \"time\": 0}"), "ok");
  // A number that is none of ours says nothing about the time.
  EXPECT_EQ(say("{\"mark\": \"x\", \"time\": 1e300}"), "ok");
  EXPECT_EQ(testing::drained(events).size(), 3U);
}

TEST_F(MarkServerTest, ATextIsEscapedAndCut) {
  EXPECT_EQ(say("{\"mark\": \"a\\u001b[31m\\n\"}"), "ok");
  EXPECT_EQ(say("{\"mark\": \"" + std::string(10'000, 'x') + "\"}"), "ok");
  const auto taken = testing::drained(events);
  ASSERT_EQ(taken.size(), 2U);
  EXPECT_EQ(taken[0].body.find('\x1b'), std::string::npos);
  EXPECT_EQ(taken[0].body.find('\n'), std::string::npos);
  EXPECT_LE(taken[1].body.size(), 4096U);
  EXPECT_GT(taken[1].body.size(), 4000U);
}

TEST_F(MarkServerTest, AMessageThatIsTooLongIsRefused) {
  EXPECT_NE(say("{\"mark\": \"" + std::string(40'000, 'x') + "\"}"), "ok");
  EXPECT_TRUE(testing::drained(events).empty());
}

TEST_F(MarkServerTest, PeersThatSayNothingHoldNobodyUp) {
  std::vector<FileDescriptor> silent;
  for (int count = 0; count < 5; ++count) silent.push_back(connect_to());
  EXPECT_EQ(say("{\"mark\": \"behind them\"}"), "ok");
  EXPECT_EQ(testing::drained(events).size(), 1U);
}

TEST_F(MarkServerTest, ServesWithoutWaitingWhenNobodyIsThere) {
  server->serve(events, clock);
  EXPECT_TRUE(testing::drained(events).empty());
}

TEST_F(MarkServerTest, TheSocketIsOursAloneAndGoesWithIt) {
  struct stat status {};
  ASSERT_EQ(stat(socket_path().c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
  ASSERT_EQ(stat((folder / "tacho").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  server.reset();
  EXPECT_NE(stat(socket_path().c_str(), &status), 0);
  EXPECT_EQ(send_mark(kId, {.text = "x"}).error().code, ErrorCode::absent);
}

TEST_F(MarkServerTest, AnotherUserIsNotListenedTo) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root: another user";
  // The way in is opened wide, so that only the look at the peer is left.
  chmod(folder.path().c_str(), 0755);
  chmod((folder / "tacho").c_str(), 0755);
  chmod(socket_path().c_str(), 0666);
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const int child = fork();
  if (child == 0) {
    if (setgid(kNobody) != 0 || setuid(kNobody) != 0) _exit(2);
    const FileDescriptor peer = connect_to();
    const std::string message = "{\"mark\": \"theirs\"}";
    if (!peer || send(peer.get(), message.data(), message.size(), MSG_NOSIGNAL) < 0) _exit(3);
    [[maybe_unused]] const ssize_t told = write(ready[1], "1", 1);
    char answer[64];
    _exit(recv(peer.get(), answer, sizeof answer, 0) > 0 ? 4 : 0);
  }
  char byte = 0;
  close(ready[1]);
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  close(ready[0]);
  server->serve(events, clock);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0) << "it got an answer, or could not ask";
  EXPECT_TRUE(testing::drained(events).empty());
}

}  // namespace
}  // namespace tacho
