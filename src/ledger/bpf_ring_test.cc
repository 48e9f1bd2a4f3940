// SPDX-License-Identifier: Apache-2.0
// A file in memory laid out as the kernel lays out a ring: a page of ours, a page of the kernel's, the
// records.
#include "ledger/bpf_ring.h"

#include <gtest/gtest.h>
#include <linux/bpf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "base/file.h"

namespace tacho {
namespace {

constexpr std::size_t kBytes = 16384;  // some pages: what is not looked at is not mapped

class FakeRing {
 public:
  FakeRing() : file_(memfd_create("ring", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_.get(), static_cast<off_t>(2 * page_ + kBytes)), 0);
    memory_ = static_cast<char*>(
        mmap(nullptr, 2 * page_ + kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
  }
  ~FakeRing() { munmap(memory_, 2 * page_ + kBytes); }

  void put(const std::string& text, std::uint32_t flags = 0) {
    const std::uint64_t start = produced();
    const std::uint32_t head[2] = {static_cast<std::uint32_t>(text.size()) | flags, 0};
    write(start, head, sizeof head);
    write(start + sizeof head, text.data(), text.size());
    produced() = start + (sizeof head + text.size() + 7) / 8 * 8;
  }
  // The record that begins at `position` is complete now.
  void submit(std::uint64_t position) {
    std::uint32_t head = 0;
    std::memcpy(&head, data() + position % kBytes, sizeof head);
    head &= ~BPF_RINGBUF_BUSY_BIT;
    write(position, &head, sizeof head);
  }
  std::uint64_t& produced() { return *reinterpret_cast<std::uint64_t*>(memory_ + page_); }
  std::uint64_t consumed() const { return *reinterpret_cast<std::uint64_t*>(memory_); }
  int descriptor() const { return file_.get(); }

 private:
  char* data() { return memory_ + 2 * page_; }
  void write(std::uint64_t position, const void* bytes, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i)
      data()[(position + i) % kBytes] = static_cast<const char*>(bytes)[i];
  }

  const std::size_t page_ = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  FileDescriptor file_;
  char* memory_ = nullptr;
};

std::vector<std::string> look(BpfRing& ring) {
  std::vector<std::string> seen;
  const auto looked = ring.look([&](std::span<const std::byte> record) {
    seen.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
  });
  EXPECT_TRUE(looked) << looked.error().text;
  return seen;
}

using Texts = std::vector<std::string>;

TEST(BpfRing, ShowsRecordsInOrderAndGivesThemBack) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  EXPECT_EQ(look(**ring), Texts());
  fake.put("one");
  fake.put("the second");
  EXPECT_EQ((*ring)->used(), 16u + 24u);
  EXPECT_EQ(look(**ring), (Texts{"one", "the second"}));
  EXPECT_EQ(look(**ring), (Texts{"one", "the second"}));  // not given back yet
  fake.put("late");
  (*ring)->release();
  EXPECT_EQ(fake.consumed(), 40u);
  EXPECT_EQ(look(**ring), Texts{"late"});
}

TEST(BpfRing, PutsTogetherWhatLiesAcrossTheEnd) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  std::string text(1000, '.');
  for (int i = 0; i < 200; ++i) {  // twelve turns
    for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>('a' + (at + i) % 26);
    fake.put(text);
    fake.put("x");
    EXPECT_EQ(look(**ring), (Texts{text, "x"}));
    (*ring)->release();
    EXPECT_EQ((*ring)->used(), 0u);
  }
}

// Bytes of the ring's file that this process has mapped.
std::size_t mapped() {
  std::ifstream maps("/proc/self/maps");
  std::size_t bytes = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("/memfd:ring") == std::string::npos) continue;
    const std::size_t dash = line.find('-');
    bytes += std::stoull(line.substr(dash + 1), nullptr, 16) - std::stoull(line, nullptr, 16);
  }
  return bytes;
}

TEST(BpfRing, KeepsItAllMappedWhileMuchComes) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  const std::size_t calm = mapped();
  const std::string much(kBytes / 4, 'm');
  for (int round = 0; round < 12; ++round) {
    fake.put(much);
    EXPECT_EQ(look(**ring), Texts{much});
    (*ring)->release();
    EXPECT_EQ(mapped(), calm + kBytes);
    fake.put("x" + much);
    fake.put("y");
    EXPECT_EQ(look(**ring), (Texts{"x" + much, "y"}));
    (*ring)->release();
  }
  for (int looks = 1; looks <= RingWindow::kCalmLooks; ++looks) {
    EXPECT_EQ(mapped(), calm + kBytes);
    fake.put("calm");
    EXPECT_EQ(look(**ring), Texts{"calm"});
    (*ring)->release();
  }
  EXPECT_EQ(mapped(), calm);
  fake.put(much);
  EXPECT_EQ(look(**ring), Texts{much});
  (*ring)->release();
  for (int looks = 0; looks < RingWindow::kCalmLooks; ++looks) {
    EXPECT_EQ(mapped(), calm + kBytes);
    EXPECT_EQ(look(**ring), Texts());
    (*ring)->release();
  }
  EXPECT_EQ(mapped(), calm);
}

TEST(BpfRing, MapsItAllNoLongerThanOneLookWhereALittleTurns) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  const std::size_t calm = mapped();
  for (int round = 0; round < 50; ++round) {
    fake.put(std::string(1000, 'l'));
    EXPECT_EQ(look(**ring).size(), 1u);
    (*ring)->release();
    EXPECT_EQ(mapped(), calm);
  }
}

TEST(BpfRing, StopsAtARecordThatIsBeingWritten) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  fake.put("done");
  const std::uint64_t position = fake.produced();
  fake.put("busy", BPF_RINGBUF_BUSY_BIT);
  fake.put("behind");
  EXPECT_EQ(look(**ring), Texts{"done"});
  (*ring)->release();
  EXPECT_EQ(look(**ring), Texts());
  fake.submit(position);
  EXPECT_EQ(look(**ring), (Texts{"busy", "behind"}));
}

TEST(BpfRing, PassesOverWhatWasGivenUp) {
  FakeRing fake;
  const auto ring = BpfRing::create(fake.descriptor(), kBytes);
  ASSERT_TRUE(ring) << ring.error().text;
  fake.put("given up", BPF_RINGBUF_DISCARD_BIT);
  fake.put("kept");
  EXPECT_EQ(look(**ring), Texts{"kept"});
}

}  // namespace
}  // namespace tacho
