// SPDX-License-Identifier: Apache-2.0
#include "foreign/confined.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <vector>

namespace tacho {
namespace {

// What the call gave there, as its errno; 0 when it was let through.
template <class Call>
int tried(Call call) {
  const auto text = confined_text(
      {}, [] {},
      [call](int pipe) -> Result<void> {
        errno = 0;
        const long result = call();
        const std::string said = std::to_string(result < 0 ? errno : 0);
        return write_all(pipe, said);
      },
      100);
  EXPECT_TRUE(text) << text.error().text;
  return text ? std::stoi(*text) : -1;
}

class WithoutRights : public ::testing::Test {
  void SetUp() override {
    if (!can_confine()) GTEST_SKIP() << "this kernel has no seccomp";
  }
};

TEST_F(WithoutRights, NoFileCanBeOpenedOrMade) {
  unlink("/tmp/tacho-confined-test");  // of a run in which it could be made
  rmdir("/tmp/tacho-confined-test");
  EXPECT_EQ(tried([] { return open("/etc/hostname", O_RDONLY); }), EPERM);
  EXPECT_EQ(tried([] { return open("/tmp/tacho-confined-test", O_CREAT | O_WRONLY, 0600); }),
            EPERM);
  EXPECT_NE(access("/tmp/tacho-confined-test", F_OK), 0);
  EXPECT_EQ(tried([] { return unlink("/tmp/tacho-confined-test"); }), EPERM);
  EXPECT_EQ(tried([] { return mkdir("/tmp/tacho-confined-test", 0700); }), EPERM);
}

TEST_F(WithoutRights, NoSocketCanBeMade) {
  EXPECT_EQ(tried([] { return socket(AF_INET, SOCK_STREAM, 0); }), EPERM);
  EXPECT_EQ(tried([] { return socket(AF_UNIX, SOCK_STREAM, 0); }), EPERM);
}

TEST_F(WithoutRights, NoProcessOrProgramCanBeStartedNorSignalled) {
  EXPECT_EQ(tried([] { return fork(); }), EPERM);
  EXPECT_EQ(tried([] {
              char* none[] = {nullptr};
              return execve("/bin/true", none, none);
            }),
            EPERM);
  EXPECT_EQ(tried([] { return kill(getppid(), 0); }), EPERM);
}

TEST_F(WithoutRights, NoMemoryCanBecomeAProgram) {
  EXPECT_EQ(tried([] {
              void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return page == MAP_FAILED ? -1L : 0L;
            }),
            EPERM);
  EXPECT_EQ(tried([] {
              void* page =
                  mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
              return static_cast<long>(mprotect(page, 4096, PROT_READ | PROT_EXEC));
            }),
            EPERM);
}

TEST_F(WithoutRights, ThreadsMayBeStarted) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer does more for a thread than is allowed";
#endif
  EXPECT_EQ(tried([] {
              int sum = 0;
              std::thread([&] { sum = 1; }).join();
              return sum == 1 ? 0L : -1L;
            }),
            0);
}

TEST(Confined, OnlyTheKeptDescriptorsAreOpen) {
  const FileDescriptor kept(open("/dev/null", O_RDONLY | O_CLOEXEC)),
      other(open("/dev/null", O_RDONLY | O_CLOEXEC));
  const int list[] = {kept.get()};
  const auto text = confined_text(
      list, [] {},
      [&](int pipe) -> Result<void> {
        char byte = 0;
        const bool has_kept = read(kept.get(), &byte, 1) == 0;
        const bool has_other = read(other.get(), &byte, 1) == 0;
        return write_all(pipe, std::string(has_kept ? "kept " : "") + (has_other ? "other" : ""));
      },
      100);
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_EQ(*text, "kept ");
}

TEST(Confined, ItsErrorArrives) {
  const auto text = confined_text(
      {}, [] {}, [](int) -> Result<void> { return Error{ErrorCode::corrupt, "line 7 is no line"}; },
      100);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().text, "line 7 is no line");
  EXPECT_EQ(text.error().code, ErrorCode::corrupt);
}

TEST(Confined, AProcessThatDiesIsTold) {
  const auto text = confined_text(
      {}, [] {},
      [](int) -> Result<void> {
        signal(SIGSEGV, SIG_DFL);
        __builtin_trap();
      },
      100);
  ASSERT_FALSE(text);
  EXPECT_NE(text.error().text.find("ended with signal"), std::string::npos) << text.error().text;
}

TEST(Confined, WhatItWritesHasALimit) {
  const auto text = confined_text(
      {}, [] {}, [](int pipe) { return write_all(pipe, std::string(5000, 'x')); }, 1000);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::exhausted);
}

TEST(Confined, MoreMemoryThanAllowedIsAnErrorAndNoMore) {
#if defined(__SANITIZE_ADDRESS__)
  GTEST_SKIP() << "the sanitizer's allocator does not throw";
#endif
  const auto text = confined_text(
      {}, [] {},
      [](int) -> Result<void> {
        const std::vector<char> large(kConfinedMemory + 1);
        return Error{ErrorCode::bug, "it was given " + std::to_string(large.size())};
      },
      100);
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::exhausted) << text.error().text;
}

}  // namespace
}  // namespace tacho
