// SPDX-License-Identifier: Apache-2.0
#include "recorder/wide_output.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "collectors/registry.h"
#include "recorder/recorder.h"
#include "recorder/testing.h"
#include "wide/mapping.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;

TEST(WideLines, NameTablesAndColumnsThatCollectorsFill) {
  const auto tables = all_tables();
  for (const std::string_view name : wide_tables()) {
    const auto table = std::ranges::find(tables, name, &Table::name);
    ASSERT_NE(table, tables.end()) << name;
    for (const std::string_view column : wide_columns_of(name))
      EXPECT_NE(std::ranges::find((*table)->columns, column, &Column::name),
                (*table)->columns.end())
          << name << "." << column;
  }
}

TEST(WideLines, RatesAreOfCountersAndSumsOfNumbers) {
  const auto tables = all_tables();
  for (const WideLine& line : wide_lines()) {
    EXPECT_FALSE(line.help.empty()) << line.name;
    if (line.how != WideLine::How::rate && line.how != WideLine::How::busy) continue;
    const Table& table = **std::ranges::find(tables, line.table, &Table::name);
    for (const std::string_view name : line.columns) {
      if (name.empty()) continue;
      EXPECT_EQ(std::ranges::find(table.columns, name, &Column::name)->kind, Kind::counter)
          << line.name;
      EXPECT_EQ(line.type, Type::real) << line.name;
    }
  }
}

class WideOutputTest : public ::testing::Test {
 protected:
  void SetUp() override { pthread_sigmask(SIG_SETMASK, nullptr, &signals_); }
  void TearDown() override { pthread_sigmask(SIG_SETMASK, &signals_, nullptr); }

  RecorderOptions options(const std::string& name = "x.csv") const {
    return {.root = TACHO_FIXTURES "/debian-vm",
            .output = recording_beside(folder / name),
            .duration = 4500ms,
            .utc = true,
            .only = "memory,files,disk",
            .wide = WideOptions{.path = folder / name, .write_interval = 1s},
            .is_temporary = true};
  }

  std::vector<std::string> lines(const std::string& name = "x.csv") const {
    std::vector<std::string> lines;
    std::ifstream file(folder / name);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  testing::ScratchFolder folder;
  testing::SteppingClock clock;
  sigset_t signals_{};
};

TEST_F(WideOutputTest, HasARowForEveryTick) {
  const auto recorded = record(options(), clock);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_FALSE(recorded->not_in_wide_file);
  const auto ticks = testing::read_live(recording_beside(folder / "x.csv"), "system").ticks;
  ASSERT_EQ(lines().size(), ticks.size() + 1);
  EXPECT_EQ(ticks.size(), 6u);
  EXPECT_TRUE(lines().front().starts_with("timestamp,sys_total,")) << lines().front();
}

TEST_F(WideOutputTest, OneThatCannotBeContinuedIsToldBeforeAnythingIsMade) {
  std::ofstream(folder / "x.csv") << "something else\n";
  const auto recorded = record(options(), clock);
  ASSERT_FALSE(recorded);
  EXPECT_EQ(recorded.error().code, ErrorCode::invalid);
  EXPECT_FALSE(std::filesystem::exists(recording_beside(folder / "x.csv")));
}

TEST_F(WideOutputTest, WhatCannotBeWrittenIsToldAndStaysInTheRecording) {
  std::filesystem::create_directories(folder / ".x.csv.new/full");
  const auto recorded = record(options(), clock);
  ASSERT_TRUE(recorded) << recorded.error().text;
  ASSERT_TRUE(recorded->not_in_wide_file);
  EXPECT_NE(recorded->not_in_wide_file->text.find("x.csv"), std::string::npos);
  EXPECT_EQ(testing::read_live(recorded->path, "system").ticks.size(), 6u);
}

TEST_F(WideOutputTest, JournalsThatTheFileCoversAreRemoved) {
  RecorderOptions rotating = options();
  rotating.rotate_interval = 1s;
  rotating.duration = 30s;
  rotating.wide->write_interval = 1ms;
  testing::SteppingClock slow(20);  // time for the file between two ticks
  const auto recorded = record(rotating, slow);
  ASSERT_TRUE(recorded) << recorded.error().text;
  EXPECT_EQ(lines().size(), 32u);
  const std::filesystem::path system = recording_beside(folder / "x.csv") + "/system";
  std::vector<std::string> left;
  for (const auto& file : std::filesystem::directory_iterator(system))
    left.push_back(file.path().filename());
  // The newest, and what had not been covered when the last file was begun.
  EXPECT_LT(left.size(), 10u);
  EXPECT_EQ(std::ranges::count(left, "live-000001.arrows"), 0);
}

TEST(RecordingBeside, IsHiddenAndBearsTheNameOfTheFile) {
  EXPECT_EQ(recording_beside("/tmp/x.parquet"), "/tmp/.x.parquet.tacho");
  EXPECT_EQ(recording_beside("x.csv"), ".x.csv.tacho");
}

}  // namespace
}  // namespace tacho
