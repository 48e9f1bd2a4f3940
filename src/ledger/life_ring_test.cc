// SPDX-License-Identifier: Apache-2.0
// A file in memory laid out as the BPF programs' memory is, written as they write it.
#include "ledger/life_ring.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/file.h"

namespace tacho {
namespace {

constexpr std::uint64_t kSecret = 0x5ec7e7'5ec7e7'5ec7;
constexpr std::uint64_t kLongest = sizeof(LifeExecRecord);

// Memory that a map of the kernel would have.
template <class T>
class FakeMap {
 public:
  FakeMap() : file_(memfd_create("map", MFD_CLOEXEC)) {
    EXPECT_EQ(ftruncate(file_.get(), sizeof(T)), 0);
    memory_ = static_cast<T*>(
        mmap(nullptr, sizeof(T), PROT_READ | PROT_WRITE, MAP_SHARED, file_.get(), 0));
  }
  ~FakeMap() { munmap(memory_, sizeof(T)); }
  T* operator->() { return memory_; }
  int descriptor() const { return file_.get(); }

 private:
  FileDescriptor file_;
  T* memory_;
};

class FakePrograms {
 public:
  FakePrograms() { state_->secret = kSecret; }

  static std::uint64_t room_of(std::uint64_t size) { return kLifeHeaderBytes + (size + 7) / 8 * 8; }
  static std::uint64_t word(std::uint64_t position, std::uint64_t size) {
    return position / 8 << kLifeSizeBits | size;
  }
  std::uint64_t take(std::uint64_t size) {
    EXPECT_LE(state_->head + room_of(size) - state_->tail, std::uint64_t{kLifeRingBytes});
    return std::exchange(state_->head, state_->head + room_of(size));
  }
  void give_back(std::uint64_t position, std::uint64_t size) { state_->head = position + room_of(size); }
  void complete(std::uint64_t position, const std::string& text) {
    std::memcpy(place(position) + kLifeHeaderBytes, text.data(), text.size());
    put_word(position, kSecret ^ word(position, text.size()));
  }
  void put(const std::string& text) { complete(take(text.size()), text); }
  void put_word(std::uint64_t position, std::uint64_t word) {
    std::memcpy(place(position), &word, sizeof word);
  }
  LifeState& state() { return *state_.operator->(); }
  auto reader() { return std::make_unique<LifeRingReader>(state(), records_.descriptor()); }

 private:
  char* place(std::uint64_t position) { return records_->bytes + position % kLifeRingBytes; }

  FakeMap<LifeState> state_;
  FakeMap<LifeRecords> records_;
};

using Texts = std::vector<std::string>;

class LifeRingReading : public testing::Test {
 protected:
  void SetUp() override {
    reader_ = programs_.reader();
  }
  Texts look() {
    Texts seen;
    const auto looked = reader_->look([&](std::span<const std::byte> record) {
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(record.data()) % 8, 0u);
      seen.emplace_back(reinterpret_cast<const char*>(record.data()), record.size());
    });
    EXPECT_TRUE(looked) << looked.error().text;
    return seen;
  }
  Texts take() {
    Texts seen = look();
    reader_->release();
    return seen;
  }
  // Until a record that is put now begins at `place` of the ring.
  void fill_to(std::uint64_t place) {
    while (programs_.state().head % kLifeRingBytes != place) {
      const std::uint64_t left = (place - programs_.state().head) % kLifeRingBytes;
      const std::uint64_t size = std::min<std::uint64_t>(left, 4096) - kLifeHeaderBytes;
      programs_.put(std::string(size, 'f'));
      ASSERT_EQ(take().size(), 1u);
    }
  }

  FakePrograms programs_;
  std::unique_ptr<LifeRingReader> reader_;
};

TEST_F(LifeRingReading, ShowsRecordsInOrderAndGivesThemBack) {
  EXPECT_EQ(look(), Texts());
  programs_.put("one");
  programs_.put("the second");
  EXPECT_EQ(reader_->used(), 16u + 24u);
  EXPECT_EQ(look(), (Texts{"one", "the second"}));
  EXPECT_EQ(look(), (Texts{"one", "the second"}));  // not given back yet
  programs_.put("late");
  EXPECT_EQ(programs_.state().tail, 0u);
  reader_->release();
  EXPECT_EQ(programs_.state().tail, 40u);
  EXPECT_EQ(take(), Texts{"late"});
  EXPECT_EQ(reader_->used(), 0u);
}

TEST_F(LifeRingReading, ShowsARecordThatGoesOnBehindTheEndInOnePart) {
  std::string text(kLongest, '.');
  for (int turn = 0; turn < 3; ++turn) {
    fill_to(kLifeRingBytes - 8 * (turn + 1));
    for (std::size_t at = 0; at < text.size(); ++at) text[at] = static_cast<char>('a' + (at + turn) % 26);
    programs_.put(text);
    programs_.put("behind");
    EXPECT_EQ(take(), (Texts{text, "behind"}));
  }
}

TEST_F(LifeRingReading, StopsAtARecordThatIsBeingWritten) {
  programs_.put("done");
  const std::uint64_t position = programs_.take(4);
  programs_.put("behind");
  EXPECT_EQ(take(), Texts{"done"});
  EXPECT_EQ(take(), Texts());
  programs_.complete(position, "slow");
  EXPECT_EQ(take(), (Texts{"slow", "behind"}));
}

TEST_F(LifeRingReading, TakesNothingThatARecordOfTheTurnBeforeLeft) {
  programs_.put("old");
  EXPECT_EQ(take(), Texts{"old"});
  fill_to(0);
  EXPECT_EQ(programs_.take(3), std::uint64_t{kLifeRingBytes});  // the word of the old one still stands there
  EXPECT_EQ(take(), Texts());
}

TEST_F(LifeRingReading, TakesNothingThatImitatesARecord) {
  // What a program could write that knows all but the secret, as an argument, for where a turn later a record
  // will begin.
  const std::uint64_t position = kLifeRingBytes + 64;
  programs_.put(std::string(200, 'f'));
  EXPECT_EQ(take().size(), 1u);
  programs_.put_word(position, FakePrograms::word(position, 100));
  fill_to(64);
  EXPECT_EQ(programs_.take(100), position);
  EXPECT_EQ(take(), Texts());
}

TEST_F(LifeRingReading, GoesOnWhereARecordGaveBackWhatItDidNotNeed) {
  const std::uint64_t position = programs_.take(kLongest);
  EXPECT_EQ(take(), Texts());
  programs_.give_back(position, 5);
  const std::uint64_t next = programs_.take(kLongest);
  programs_.complete(position, "short");
  EXPECT_EQ(take(), Texts{"short"});
  programs_.complete(next, std::string(kLongest, 'l'));
  EXPECT_EQ(take(), Texts{std::string(kLongest, 'l')});
}

// `head` is read first, and a record behind it may be complete by the time its word is read.
TEST_F(LifeRingReading, LeavesARecordThatReachesBehindWhatItMapped) {
  programs_.put("first");
  const std::uint64_t position = programs_.take(kLongest);
  programs_.complete(position, std::string(kLongest, 'l'));
  programs_.state().head = position + 8;
  EXPECT_EQ(take(), Texts{"first"});
  programs_.state().head = position + FakePrograms::room_of(kLongest);
  EXPECT_EQ(take().size(), 1u);
}

}  // namespace
}  // namespace tacho
