// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_objects.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace tacho {
namespace {

class BpfObjectsTest : public testing::Test {
 protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = FileDescriptor(ends[0]);
    theirs_ = FileDescriptor(ends[1]);
  }
  void say(const std::string& text) {
    EXPECT_EQ(send(theirs_.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  }
  Error refusal() {
    const auto received = receive_bpf_objects(ours_.get(), objects_);
    EXPECT_FALSE(received);
    return received ? Error{} : received.error();
  }

  FileDescriptor ours_, theirs_;
  BpfObjects objects_;
};

TEST_F(BpfObjectsTest, ComeWithTheirNames) {
  const FileDescriptor null(open("/dev/null", O_RDONLY)), zero(open("/dev/zero", O_RDONLY));
  ASSERT_TRUE(send_bpf_object(theirs_.get(), "ring", null.get()));
  EXPECT_EQ(*receive_bpf_objects(ours_.get(), objects_), false);
  ASSERT_TRUE(send_bpf_object(theirs_.get(), "link exit", zero.get()));
  ASSERT_TRUE(send_bpf_end(theirs_.get()));
  EXPECT_EQ(*receive_bpf_objects(ours_.get(), objects_), true);
  EXPECT_EQ(objects_.size(), 2u);
  struct stat sent{}, got{};
  fstat(zero.get(), &sent);
  ASSERT_TRUE(objects_.find("link exit"));
  ASSERT_EQ(fstat(*objects_.find("link exit"), &got), 0);
  EXPECT_EQ(got.st_rdev, sent.st_rdev);
  EXPECT_NE(fcntl(*objects_.find("ring"), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_FALSE(objects_.find("state"));
  EXPECT_NE(objects_.find("state").error().text.find("state"), std::string::npos);
}

TEST_F(BpfObjectsTest, OrTheReasonWhyNot) {
  ASSERT_TRUE(send_bpf_error(theirs_.get(), EPERM, "no rights\x1b[31m"));
  const Error denied = refusal();
  EXPECT_EQ(denied.code, ErrorCode::denied);
  EXPECT_EQ(denied.text, "no rights\\x1b[31m");
  ASSERT_TRUE(send_bpf_error(theirs_.get(), ESRCH, "too old"));
  EXPECT_EQ(refusal().code, ErrorCode::absent);
  ASSERT_TRUE(send_bpf_error(theirs_.get(), E2BIG, std::string(5000, 'x')));
  EXPECT_LT(refusal().text.size(), 1100u);
}

TEST_F(BpfObjectsTest, AnythingElseIsRefused) {
  for (const char* text : {"object ring", "objects", "error", "error x y", "error 1", "ende"}) {
    say(text);
    EXPECT_EQ(refusal().code, ErrorCode::corrupt) << text;
  }
}

TEST_F(BpfObjectsTest, AnEndWithoutAWordIsAnError) {
  theirs_.reset();
  EXPECT_EQ(refusal().code, ErrorCode::io);
}

TEST_F(BpfObjectsTest, AreNotTakenWithoutNumber) {
  const FileDescriptor null(open("/dev/null", O_RDONLY));
  for (std::size_t i = 0; i <= kMostBpfObjects; ++i)
    ASSERT_TRUE(send_bpf_object(theirs_.get(), "one", null.get()));
  EXPECT_EQ(refusal().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace tacho
