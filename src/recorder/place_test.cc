// SPDX-License-Identifier: Apache-2.0
#include "recorder/place.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "recorder/testing.h"

namespace tacho {
namespace {

namespace fs = std::filesystem;
constexpr Nanoseconds kTime = std::chrono::seconds(1'763'990'000);

// The usual place is below a folder of the test's.
class Place : public ::testing::Test {
 protected:
  void SetUp() override {
    setenv("XDG_STATE_HOME", (folder / "state").c_str(), 1);
    setenv("TZ", "UTC", 1);
    tzset();
  }
  void TearDown() override { unsetenv("XDG_STATE_HOME"); }
  std::string usual() const { return folder / "state/tacho"; }
  static mode_t mode_of(const std::string& path) {
    struct stat status {};
    EXPECT_EQ(lstat(path.c_str(), &status), 0) << path;
    return status.st_mode & 07777;
  }

  testing::ScratchFolder folder;
};

TEST_F(Place, IsNamedBySeriesAndTimeAndPrivate) {
  const auto made = make_recording_place("", "make", kTime);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->path, usual() + "/make-20251124-131320.tacho");
  for (const std::string& path : {usual(), made->path}) EXPECT_EQ(mode_of(path), 0700U);
}

TEST_F(Place, TwoInOneSecondAreTwo) {
  const auto first = make_recording_place("", "make", kTime);
  const auto second = make_recording_place("", "make", kTime);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(second->path, usual() + "/make-20251124-131320-2.tacho");
}

TEST_F(Place, ANameCannotLeadElsewhere) {
  for (const std::string name : {"../../etc/x", "-rf", ".", "..", "", "a\nb", "/abs"}) {
    const auto made = make_recording_place("", name, kTime);
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(fs::path(made->path).parent_path(), usual());
    EXPECT_NE(fs::path(made->path).filename().string().front(), '-');
    EXPECT_NE(fs::path(made->path).filename().string().front(), '.');
  }
}

TEST_F(Place, RefusesAUsualPlaceThatOthersCanWrite) {
  fs::create_directories(usual());
  for (const mode_t mode : {0770, 0707, 01777}) {
    chmod(usual().c_str(), mode);
    const auto made = make_recording_place("", "make", kTime);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, ErrorCode::denied);
    EXPECT_NE(made.error().text.find("chmod 700"), std::string::npos) << made.error().text;
    EXPECT_TRUE(fs::is_empty(usual()));
  }
  chmod(usual().c_str(), 0755);
  EXPECT_TRUE(make_recording_place("", "make", kTime));
}

TEST_F(Place, FollowsNothingThatIsPlantedAtItsName) {
  const std::string name = usual() + "/make-20251124-131320.tacho";
  fs::create_directories(folder / "target");
  fs::create_directories(usual());
  const auto expect_untouched = [&] {
    const auto made = make_recording_place("", "make", kTime);
    ASSERT_TRUE(made) << made.error().text;
    EXPECT_EQ(made->path, usual() + "/make-20251124-131320-2.tacho");
    EXPECT_TRUE(fs::is_empty(folder / "target"));
    fs::remove_all(made->path);
    fs::remove(name);
  };
  fs::create_directory_symlink(folder / "target", name);
  expect_untouched();
  fs::create_symlink(folder / "nothing", name);
  expect_untouched();
  EXPECT_FALSE(fs::exists(folder / "nothing"));
  ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
  expect_untouched();
  std::ofstream(name) << "file";
  expect_untouched();
}

TEST_F(Place, ANamedPlaceThatIsNoFolderIsRefused) {
  const std::string name = folder / "x.tacho";
  fs::create_directories(folder / "target");
  fs::create_directory_symlink(folder / "target", name);
  EXPECT_FALSE(make_recording_place(name, "", kTime));
  EXPECT_TRUE(fs::is_empty(folder / "target"));
  fs::remove(name);
  ASSERT_EQ(mkfifo(name.c_str(), 0600), 0);
  EXPECT_FALSE(make_recording_place(name, "", kTime)) << "and it does not wait for a writer";
  fs::remove(name);
  std::ofstream(name) << "file";
  EXPECT_FALSE(make_recording_place(name, "", kTime));
  EXPECT_EQ(*read_file(name), "file");
}

TEST_F(Place, ANamedPlaceGetsTheSuffixAndMustBeEmpty) {
  const auto made = make_recording_place(folder / "mine", "", kTime);
  ASSERT_TRUE(made) << made.error().text;
  EXPECT_EQ(made->path, folder / "mine.tacho");
  fs::create_directories(folder / "used.tacho");
  std::ofstream(folder / "used.tacho/something") << "old";
  const auto used = make_recording_place(folder / "used", "", kTime);
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error().code, ErrorCode::invalid);
  EXPECT_EQ(*read_file(folder / "used.tacho/something"), "old");
  EXPECT_FALSE(make_recording_place(folder / "no/such/folder", "", kTime));
  EXPECT_FALSE(fs::exists(folder / "no"));
}

TEST_F(Place, OfTwoRecordersExactlyOneGetsAFolder) {
  const std::string name = folder / "x.tacho";
  for (int round = 0; round < 50; ++round) {
    std::optional<Result<RecordingPlace>> made[2];
    {
      std::jthread other([&] { made[1] = make_recording_place(name, "", kTime); });
      made[0] = make_recording_place(name, "", kTime);
    }
    ASSERT_NE(bool(*made[0]), bool(*made[1])) << "round " << round;
    const auto& loser = *made[0] ? *made[1] : *made[0];
    EXPECT_EQ(loser.error().text, "another tacho is recording into " + name);
    fs::remove(name);
  }
}

}  // namespace
}  // namespace tacho
