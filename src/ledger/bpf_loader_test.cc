// SPDX-License-Identifier: Apache-2.0
#include "ledger/bpf_loader.h"

#include <linux/bpf.h>

#include <algorithm>

#include "ledger/bpf_lives_fixture.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

using BpfObjectsInTheKernel = BpfLives;

std::set<__u32> ids_of_links() {
  std::set<__u32> ids;
  bpf_attr attributes{};
  while (syscall(SYS_bpf, BPF_LINK_GET_NEXT_ID, &attributes, sizeof attributes) == 0) {
    ids.insert(attributes.next_id);
    attributes.start_id = attributes.next_id;
  }
  return ids;
}

TEST_F(BpfObjectsInTheKernel, AreGoneWhenTheirHolderIsKilled) {
  const std::set<__u32> before = ids_of_links();
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t pid = start([&] {
    auto objects = load_bpf(BpfPart::lives);
    if (!objects) _exit(1);
    const auto lives = make_bpf_lives(std::move(*objects));
    if (lives && write(ends[1], "x", 1) == 1) pause();
  });
  close(ends[1]);
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  close(ends[0]);
  const std::set<__u32> during = ids_of_links();
  kill(pid, SIGKILL);
  wait_for(pid);
  if (during.empty()) GTEST_SKIP() << "we may not list the kernel's links";
  EXPECT_GE(during.size(), before.size() + 4);
  // Links are dropped by a worker of the kernel, soon but not at once.
  const auto ours_are_gone = [&] { return std::ranges::includes(before, ids_of_links()); };
  for (int round = 0; round < 1000 && !ours_are_gone(); ++round) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(ours_are_gone());
}

TEST(BpfLoader, SaysThatTheProgramIsNotThere) {
  const auto loader = BpfLoader::start("/nonexistent/tacho-bpf", BpfPart::lives);
  ASSERT_FALSE(loader);
  EXPECT_EQ(loader.error().code, ErrorCode::absent);
}

TEST(BpfLoader, SaysWhenTheProgramEndsWithoutAWord) {
  auto loader = BpfLoader::start("/bin/false", BpfPart::lives);
  ASSERT_TRUE(loader) << loader.error().text;
  pollfd readable{.fd = loader->descriptor(), .events = POLLIN};
  ASSERT_EQ(::poll(&readable, 1, 10'000), 1);
  const auto objects = loader->poll();
  ASSERT_FALSE(objects);
  EXPECT_EQ(objects.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace tacho
