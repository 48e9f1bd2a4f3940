// SPDX-License-Identifier: Apache-2.0
#include "recorder/retention.h"

#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <fstream>

#include "journal/facts.h"
#include "recorder/testing.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

constexpr Nanoseconds kNow = std::chrono::seconds(1'763'990'000);

// A folder of recordings whose files have ages and sizes.
struct Place {
  testing::ScratchFolder folder;
  EventQueue events;

  void add_recording(const std::string& name, const std::string& series = "record") {
    fs::create_directories(folder / (name + ".tacho/cpu"));
    fs::create_directories(folder / (name + ".tacho/disk"));
    std::ofstream(folder / (name + ".tacho/recording.json")) << to_json({.id = "0", .name = series});
  }
  // A file of 64 KiB, `age` old.
  std::string add(const std::string& file, Nanoseconds age) {
    std::ofstream(folder / file) << std::string(std::size_t{64} << 10, 'x');
    const Nanoseconds time = kNow - age;
    const timespec stamp{.tv_sec = time.count() / 1'000'000'000, .tv_nsec = 0};
    const timespec times[2] = {stamp, stamp};
    utimensat(AT_FDCWD, (folder / file).c_str(), times, 0);
    return file;
  }
  bool has(const std::string& file) const { return fs::exists(fs::symlink_status(folder / file)); }
  void apply(const Retention& retention, const std::string& current = "now") {
    apply_retention(folder / (current + ".tacho"), "record", retention, kNow, events);
  }
};

constexpr std::int64_t kFile = std::int64_t{64} << 10;
constexpr const char* kPart1 = "part-000001-0123456789abcdef.parquet";
constexpr const char* kPart2 = "part-000002-0123456789abcdef.parquet";
constexpr const char* kLive3 = "live-000003.arrows";

std::string in(const char* recording, const char* file) {
  return std::string(recording) + ".tacho/cpu/" + file;
}

TEST(Retention, DeletesWhatIsTooOldAndSaysSo) {
  Place place;
  place.add_recording("now");
  const auto old = place.add(in("now", kPart1), 25h);
  const auto young = place.add(in("now", kPart2), 23h);
  const auto live = place.add(in("now", kLive3), 48h);
  place.apply({.time = 24h});
  EXPECT_FALSE(place.has(old));
  EXPECT_TRUE(place.has(young));
  EXPECT_TRUE(place.has(live)) << "the newest of what is being recorded stays, however old";
  const auto events = testing::drained(place.events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "retention");
  EXPECT_EQ(events[0].count, 1);
}

TEST(Retention, DeletesTheOldestOfTheSeriesUntilTheBytesHold) {
  Place place;
  place.add_recording("now");
  place.add_recording("before");
  const auto first = place.add(in("before", kPart1), 5h);
  const auto second = place.add(in("before", kPart2), 4h);
  const auto third = place.add(in("now", kPart1), 3h);
  const auto fourth = place.add(in("now", kPart2), 2h);
  const auto live = place.add(in("now", kLive3), 0h);
  place.apply({.bytes = 3 * kFile});
  EXPECT_FALSE(place.has(first));
  EXPECT_FALSE(place.has(second));
  EXPECT_TRUE(place.has(third) && place.has(fourth) && place.has(live));
  EXPECT_FALSE(place.has("before.tacho")) << "nothing is left of it";
}

TEST(Retention, ANumberGoesInAllTablesAtOnce) {
  Place place;
  place.add_recording("now");
  const auto cpu = place.add(in("now", kPart1), 25h);
  const auto disk = place.add("now.tacho/disk/part-000001-1111111111111111.parquet", 23h);
  place.add(in("now", kLive3), 0h);
  place.apply({.time = 24h});
  EXPECT_TRUE(place.has(cpu) && place.has(disk)) << "its newest file is young enough";
  place.apply({.time = 22h});
  EXPECT_FALSE(place.has(cpu) || place.has(disk));
}

TEST(Retention, WithinItsLimitsItTouchesNothing) {
  Place place;
  place.add_recording("now");
  const auto part = place.add(in("now", kPart1), 23h);
  place.apply({.time = 24h, .bytes = 10 * kFile});
  place.apply({});
  EXPECT_TRUE(place.has(part));
  EXPECT_TRUE(testing::drained(place.events).empty());
}

TEST(Retention, QuarantinedFilesGoLast) {
  Place place;
  place.add_recording("now");
  const auto bad = place.add(in("now", "bad-live-000001.arrows"), 9h);
  const auto part = place.add(in("now", kPart2), 1h);
  place.add(in("now", kLive3), 0h);
  place.apply({.bytes = 2 * kFile});
  EXPECT_TRUE(place.has(bad));
  EXPECT_FALSE(place.has(part));
  place.apply({.bytes = kFile});
  EXPECT_FALSE(place.has(bad));
}

TEST(Retention, LeavesOtherSeriesAndForeignFoldersAlone) {
  Place place;
  place.add_recording("now");
  place.add_recording("other", "nightly");
  const auto other = place.add(in("other", kPart1), 100h);
  fs::create_directories(place.folder / "foreign.tacho/cpu");
  const auto foreign = place.add(in("foreign", kPart1), 100h);
  place.apply({.time = 1h, .bytes = 0});
  EXPECT_TRUE(place.has(other) && place.has(foreign));
}

TEST(Retention, LeavesARecordingThatAnotherRecorderWritesAlone) {
  Place place;
  place.add_recording("now");
  place.add_recording("busy");
  const auto part = place.add(in("busy", kPart1), 100h);
  const FileDescriptor held(open((place.folder / "busy.tacho").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.get(), LOCK_EX), 0);
  place.apply({.time = 1h});
  EXPECT_TRUE(place.has(part));
  flock(held.get(), LOCK_UN);
  place.apply({.time = 1h});
  EXPECT_FALSE(place.has(part));
}

TEST(Retention, FollowsNoPlantedLink) {
  Place place;
  place.add_recording("now");
  testing::ScratchFolder outside;
  fs::create_directories(outside / "cpu");
  std::ofstream(outside / "recording.json") << to_json({.id = "0", .name = "record"});
  std::ofstream(outside / ("cpu/" + std::string(kPart1))) << "precious";
  fs::create_symlink(outside.path(), place.folder / "link.tacho");
  place.add_recording("before");
  place.add(in("before", kPart1), 100h);
  fs::create_symlink(outside / "cpu", place.folder / "before.tacho/memory");
  fs::create_symlink(outside / ("cpu/" + std::string(kPart1)), place.folder / in("before", kPart2));
  place.apply({.time = 1h, .bytes = 0});
  EXPECT_EQ(*read_file(outside / ("cpu/" + std::string(kPart1))), "precious");
}

TEST(Retention, KeepsWhatSomebodyElsePutIntoARecording) {
  Place place;
  place.add_recording("before");
  place.add_recording("now");
  const auto part = place.add(in("before", kPart1), 100h);
  const auto note = place.add("before.tacho/note.txt", 100h);
  place.apply({.time = 1h});
  EXPECT_FALSE(place.has(part));
  EXPECT_TRUE(place.has(note));
  EXPECT_TRUE(place.has("before.tacho/recording.json")) << "what stays can still be told apart";
}

TEST(Retention, TakesWhatAKilledRecorderLeftWithTheRecording) {
  Place place;
  place.add_recording("before");
  place.add_recording("now");
  place.add(in("before", kPart1), 100h);
  place.add(in("before", ".live-000002.arrows"), 100h);
  place.add("before.tacho/.reserve", 100h);
  place.add("before.tacho/.recording.json.12.0", 100h);
  place.apply({.time = 1h});
  EXPECT_FALSE(place.has("before.tacho"));
}

}  // namespace
}  // namespace tacho
