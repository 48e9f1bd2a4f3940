// SPDX-License-Identifier: Apache-2.0
#include "ledger/netlink.h"

#include <gtest/gtest.h>
#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>

namespace tacho {
namespace {

std::vector<std::byte> message(std::uint16_t type, const std::string& payload) {
  std::vector<std::byte> bytes(NLMSG_SPACE(payload.size()));
  const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(NLMSG_LENGTH(payload.size())),
                        .nlmsg_type = type};
  std::memcpy(bytes.data(), &header, sizeof header);
  std::memcpy(bytes.data() + NLMSG_HDRLEN, payload.data(), payload.size());
  return bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(Netlink, FindsEveryMessageInADatagramAndStopsAtALengthThatCannotBe) {
  std::vector<std::byte> datagram = message(17, "first");
  const std::vector<std::byte> second = message(18, "2");
  datagram.insert(datagram.end(), second.begin(), second.end());
  for (std::size_t size = 0; size <= datagram.size(); ++size) {
    std::string seen;
    // A copy of that size: a byte read behind it is found by the sanitizer.
    const std::vector<std::byte> cut(datagram.begin(), datagram.begin() + static_cast<std::ptrdiff_t>(size));
    for_each_message(cut, [&seen](std::uint16_t type, std::span<const std::byte> payload) {
      seen += std::to_string(type) + text_of(payload) + " ";
    });
    const std::size_t first = NLMSG_LENGTH(5);
    const std::size_t both = NLMSG_SPACE(5) + NLMSG_LENGTH(1);
    EXPECT_EQ(seen, size < first ? "" : size < both ? "17first " : "17first 182 ") << size;
  }
  for (const std::uint32_t wrong : {0U, 15U, 1000U, UINT32_MAX}) {
    std::memcpy(datagram.data(), &wrong, sizeof wrong);
    for_each_message(datagram, [](std::uint16_t, std::span<const std::byte>) { FAIL(); });
  }
}

TEST(Netlink, FindsTheAttributesThatItWrites) {
  std::vector<std::byte> payload;
  append_attribute(payload, 3, std::as_bytes(std::span("abcd", 5)));
  append_attribute(payload, 4, {});
  std::string seen;
  const auto each = [&seen](std::uint16_t type, std::span<const std::byte> value) {
    seen += std::to_string(type) + ":" + std::to_string(value.size()) + " ";
  };
  for_each_attribute(payload, each);
  EXPECT_EQ(seen, "3:5 4:0 ");
  seen.clear();
  payload.pop_back();
  for_each_attribute(payload, each);
  EXPECT_EQ(seen, "3:5 ");
}

TEST(Netlink, HearsTheKernelAlone) {
  auto opened = NetlinkSocket::open(NETLINK_USERSOCK, 0, 1 << 16);
  if (!opened) GTEST_SKIP() << opened.error().text;
  NetlinkSocket socket = std::move(opened).value();
  sockaddr_nl address{};
  socklen_t size = sizeof address;
  ASSERT_EQ(getsockname(socket.descriptor(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const FileDescriptor other(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK));
  const std::vector<std::byte> bytes = message(NLMSG_DONE, "not from the kernel");
  if (sendto(other.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&address), size) < 0)
    GTEST_SKIP() << "no right to send to another program";
  pollfd wait{socket.descriptor(), POLLIN, 0};
  ASSERT_EQ(poll(&wait, 1, 1000), 1) << "the message did come";
  const NetlinkBuffersOwner buffers = make_netlink_buffers();
  socket.receive(*buffers, [](std::uint16_t, std::span<const std::byte>) { FAIL(); });
  EXPECT_EQ(poll(&wait, 1, 0), 0) << "and is gone";
}

TEST(DrainThread, DrainsWhenSomethingIsReadableAndEnds) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const FileDescriptor reader(ends[0]);
  const FileDescriptor writer(ends[1]);
  std::atomic<int> drained = 0;
  auto thread = DrainThread::start({reader.get()}, [&] {
                  char bytes[16];
                  if (read(reader.get(), bytes, sizeof bytes) > 0) ++drained;
                }).value();
  // More often than there is credit for calls at once.
  for (int times = 1; times <= 25; ++times) {
    ASSERT_EQ(write(writer.get(), "x", 1), 1);
    for (int wait = 0; wait < 1000 && drained < times; ++wait) usleep(5'000);
    ASSERT_EQ(drained, times);
  }
  thread.reset();
  ASSERT_EQ(write(writer.get(), "x", 1), 1);
  usleep(20'000);
  EXPECT_EQ(drained, 25);
}

}  // namespace
}  // namespace tacho
