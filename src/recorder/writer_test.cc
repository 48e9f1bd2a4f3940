// SPDX-License-Identifier: Apache-2.0
#include "recorder/writer.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <fstream>

#include "recorder/testing.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using testing::read_live;
using testing::SteppingClock;

constexpr Column kColumns[] = {gauge("value", Unit::count, "A number.")};
constexpr Table kFirst{.name = "first", .help = "A table of the tests.", .columns = kColumns};
constexpr Table kSecond{.name = "second", .help = "Another one.", .columns = kColumns};

// A writer with two tables, and frames for it.
class WriterTest : public ::testing::Test {
 protected:
  void start(WriterOptions options = {}) {
    options.recording_id = "0123456789abcdef0123456789abcdef";
    auto made = Writer::create(folder.get(), {&kFirst, &kSecond}, std::move(options), queue, events,
                               statistics, clock);
    ASSERT_TRUE(made) << made.error().text;
    writer = std::move(*made);
    ASSERT_TRUE(writer->start());
  }

  // One row for each table.
  void push(std::uint64_t tick, bool begins_file = false, const std::string& facts = "") {
    FramePointer frame = queue.take_empty();
    frame->begins_file = begins_file;
    frame->facts = facts;
    for (std::size_t index = 0; index < 2; ++index) {
      rows[index].begin({.tick = tick});
      rows[index].append(static_cast<std::int64_t>(tick));
      const std::size_t offset = frame->bytes.size();
      encoders[index].encode(rows[index], frame->bytes);
      frame->entries.push_back(
          {.table = index, .offset = offset, .size = frame->bytes.size() - offset, .rows = 1});
    }
    ASSERT_TRUE(queue.push(frame));
  }

  std::int64_t finish() {
    writer->drain(5s);
    return writer->finish();
  }

  // Lets the clock run until it is true; ten seconds of real time are a hang.
  template <class Condition>
  [[nodiscard]] bool comes_true(Condition condition) {
    for (int turn = 0; turn < 10'000; ++turn) {
      if (condition()) return true;
      clock.sleep_until(clock.now().boottime + 10ms, -1);
    }
    return false;
  }

  bool is_committed(std::uint64_t tick) {
    const auto ticks = read_live(folder.path(), "second").ticks;
    return !ticks.empty() && ticks.back() == tick;
  }

  std::vector<std::string> event_names() { return testing::names_of(testing::drained(events)); }

  // While it lives no file takes a byte.
  struct NoWrites {
    NoWrites() {
      signal(SIGXFSZ, SIG_IGN);
      getrlimit(RLIMIT_FSIZE, &before);
      const rlimit none{0, before.rlim_max};
      setrlimit(RLIMIT_FSIZE, &none);
    }
    ~NoWrites() { setrlimit(RLIMIT_FSIZE, &before); }
    rlimit before{};
  };

  testing::ScratchFolder folder;
  SteppingClock clock;
  FrameQueue queue{1 << 20};
  EventQueue events;
  SelfStatistics statistics;
  Rows rows[2] = {Rows(kFirst), Rows(kSecond)};
  BatchEncoder encoders[2] = {BatchEncoder::create(kFirst).value(),
                              BatchEncoder::create(kSecond).value()};
  std::unique_ptr<Writer> writer;
};

using Ticks = std::vector<std::uint64_t>;
using Names = std::vector<std::string>;

TEST_F(WriterTest, WritesEveryFrameInOrder) {
  start();
  for (std::uint64_t tick = 0; tick < 5; ++tick) push(tick, false, "facts " + std::to_string(tick));
  EXPECT_EQ(finish(), 0);
  for (const char* table : {"first", "second"}) {
    const auto live = read_live(folder.path(), table);
    EXPECT_EQ(live.ticks, (Ticks{0, 1, 2, 3, 4}));
    EXPECT_EQ(live.files, Names{"live-000001.arrows"});
    EXPECT_EQ(live.damage, 0U);
  }
  EXPECT_EQ(*read_file(folder / "recording.json"), "facts 4");
  EXPECT_TRUE(event_names().empty());
}

TEST_F(WriterTest, FilesAndFoldersAreOurs) {
  start();
  push(0);
  finish();
  struct stat status {};
  ASSERT_EQ(stat((folder / "first").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700U);
  ASSERT_EQ(stat((folder / "first/live-000001.arrows").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600U);
}

TEST_F(WriterTest, ARotationBeginsFilesOfAllTablesAndSaysThatTheOldOnesAreDone) {
  int rotations = 0;
  start({.on_rotation = [&] { ++rotations; }});
  push(0);
  push(1, true);
  push(2);
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(rotations, 1);
  for (const char* table : {"first", "second"}) {
    const auto live = read_live(folder.path(), table);
    EXPECT_EQ(live.files, (Names{"live-000001.arrows", "live-000002.arrows"}));
    EXPECT_EQ(live.ticks, (Ticks{0, 1, 2}));
  }
}

TEST_F(WriterTest, WantsARotationWhenAFileIsOldOrLarge) {
  start({.rotate_interval = 60s});
  push(0);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  EXPECT_FALSE(writer->wants_rotation());
  clock.move_to(clock.now().boottime + 61s);
  push(1);
  ASSERT_TRUE(comes_true([&] { return writer->wants_rotation(); }));
  push(2, true);
  ASSERT_TRUE(comes_true([&] { return is_committed(2); }));
  EXPECT_FALSE(writer->wants_rotation());
  finish();
}

TEST_F(WriterTest, WantsARotationWhenOneFileIsLarge) {
  start({.rotate_bytes = 2000});
  push(0);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  EXPECT_FALSE(writer->wants_rotation());
  for (std::uint64_t tick = 1; tick < 10; ++tick) push(tick);
  EXPECT_TRUE(comes_true([&] { return writer->wants_rotation(); }));
  finish();
}

TEST_F(WriterTest, KeepsAReserveWhileItRecords) {
  start({.reserve_bytes = 1 << 20});
  struct stat status {};
  ASSERT_TRUE(comes_true([&] { return stat((folder / ".reserve").c_str(), &status) == 0 &&
                                      status.st_blocks > 0; }));
  EXPECT_EQ(status.st_size, 1 << 20);
  EXPECT_GE(status.st_blocks * 512, 1 << 20);
  finish();
  EXPECT_NE(stat((folder / ".reserve").c_str(), &status), 0);
}

TEST_F(WriterTest, WithoutItsFoldersItWaitsAndLosesNothing) {
  // Where the folder of the second table should be is a file.
  std::ofstream(folder / "second") << "planted";
  start();
  for (std::uint64_t tick = 0; tick < 3; ++tick) push(tick);
  ASSERT_TRUE(comes_true([&] {
    const auto names = event_names();
    return names == Names{"write.failed"};
  })) << "said once";
  EXPECT_TRUE(read_live(folder.path(), "first").ticks.empty()) << "all files or none";
  std::filesystem::remove(folder / "second");
  ASSERT_TRUE(comes_true([&] { return is_committed(2); }));
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(event_names(), Names{"write.resumed"});
  for (const char* table : {"first", "second"})
    EXPECT_EQ(read_live(folder.path(), table).ticks, (Ticks{0, 1, 2}));
}

TEST_F(WriterTest, WhatANeverFinishedRotationLeftIsNotInItsWay) {
  start();
  push(0);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  // As when the disk became read-only between making the first file and taking it back.
  std::ofstream(folder / "first/live-000002.arrows") << "half";
  push(1, true);
  ASSERT_TRUE(comes_true([&] { return is_committed(1); }));
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(writer->number(), 2U);
  for (const char* table : {"first", "second"})
    EXPECT_EQ(read_live(folder.path(), table).ticks, (Ticks{0, 1}));
}

TEST_F(WriterTest, APlantedLinkIsNotFollowed) {
  std::filesystem::create_directory(folder / "first");
  std::ofstream(folder / "target") << "precious";
  std::filesystem::create_symlink(folder / "target", folder / "first/live-000001.arrows");
  start();
  push(0);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  finish();
  EXPECT_EQ(*read_file(folder / "target"), "precious");
  EXPECT_EQ(read_live(folder.path(), "first").ticks, Ticks{0});
}

TEST_F(WriterTest, AFailedRotationLeavesTheOldFilesInUse) {
  start();
  push(0);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  // A folder cannot be taken away like a file.
  std::filesystem::create_directory(folder / "second/live-000002.arrows");
  push(1, true);
  ASSERT_TRUE(comes_true([&] { return is_committed(1); }));
  EXPECT_EQ(read_live(folder.path(), "first").files, Names{"live-000001.arrows"}) << "all or none";
  EXPECT_EQ(event_names(), (Names{"write.failed", "write.resumed"}));
  std::filesystem::remove(folder / "second/live-000002.arrows");
  push(2, true);
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(writer->number(), 2U);
  EXPECT_EQ(read_live(folder.path(), "first").ticks, (Ticks{0, 1, 2}));
  EXPECT_TRUE(event_names().empty());
}

TEST_F(WriterTest, WhatIsPushedWhileNothingCanBeWrittenIsWrittenAfterwards) {
  start();
  std::uint64_t tick = 0;
  push(tick++);
  ASSERT_TRUE(comes_true([&] { return is_committed(0); }));
  {
    const NoWrites refused;
    for (; tick < 400; ++tick) push(tick);
    ASSERT_TRUE(comes_true([&] { return event_names() == Names{"write.failed"}; }));
  }
  ASSERT_TRUE(comes_true([&] { return is_committed(399); }));
  EXPECT_EQ(finish(), 0);
  EXPECT_EQ(event_names(), Names{"write.resumed"});
  Ticks all;
  for (std::uint64_t number = 0; number < 400; ++number) all.push_back(number);
  EXPECT_EQ(read_live(folder.path(), "first").ticks, all);
  EXPECT_EQ(read_live(folder.path(), "second").ticks, all);
}

TEST_F(WriterTest, WhatCannotBeWrittenAtTheEndIsCounted) {
  std::ofstream(folder / "second") << "planted";
  start();
  for (std::uint64_t tick = 0; tick < 3; ++tick) push(tick);
  EXPECT_EQ(finish(), 6);
}

}  // namespace
}  // namespace tacho
