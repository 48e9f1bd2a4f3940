// SPDX-License-Identifier: Apache-2.0
#include "query/processes.h"

#include <gtest/gtest.h>

#include "store/seal.h"
#include "store/testing.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

// Process 1 runs on and changes at every tick; 2 is there from tick 3 and ends at 8; 3 begins
// at 12 as another program and becomes "ld" at 14; 4 has no exit row and no row after tick 5. Files
// end at tick 99 and 199, and each begins with all processes.
class Processes : public ::testing::Test {
 protected:
  static constexpr std::uint64_t kTicks = 260;

  void SetUp() override {
    auto writer = RecordingWriter::create(path_, {&testing::kSystem, &testing::kProcess,
                                                  &testing::kProcessInfo, &testing::kProcessExit});
    ASSERT_TRUE(writer) << writer.error().text;
    for (std::uint64_t tick = 0; tick < kTicks; ++tick) {
      const bool is_new_file = tick % 100 == 0;
      if (is_new_file && tick > 0) {
        ASSERT_TRUE(writer->rotate());
      }
      writer->begin(tick);
      writer->rows(testing::kSystem).append(std::int64_t(tick));
      add(*writer, 1, tick, is_new_file ? "init" : "");
      if (tick == 3) add(*writer, 2, tick, "cc1plus");
      if (tick == 8)
        writer->rows(testing::kProcessExit)
            .append(std::uint64_t{2}, std::int64_t{1002}, std::nullopt);
      if (tick == 5) add(*writer, 4, tick, "lost");
      if (tick == 12) add(*writer, 3, tick, "sh");
      if (tick == 14 || (tick > 14 && is_new_file)) add(*writer, 3, tick, "ld");
      if (tick > 14 && tick % 60 == 3) add(*writer, 3, tick, "");
      ASSERT_TRUE(writer->commit());
    }
    ASSERT_TRUE(writer->finish(kTicks - 1));
  }

  static void add(RecordingWriter& writer, std::uint64_t process, std::uint64_t tick,
                  const char* command) {
    writer.rows(testing::kProcess)
        .append(process, std::int64_t(1000 + process), "R", std::int64_t(tick) * 1000,
                std::int64_t(process) << 20);
    if (*command != '\0')
      writer.rows(testing::kProcessInfo)
          .append(process, std::int64_t(1000 + process), command, "me");
  }

  // "process:command@cpu_time" of each row.
  static std::string row_of(const arrow::RecordBatch& batch, std::int64_t row) {
    const ColumnView process(batch, "process"), command(batch, "command"),
        time(batch, "cpu_time_user");
    return std::to_string(process.word(row)) + ":" + std::string(command.text(row)) + "@" +
           std::to_string(time.integer(row) / 1000) + " ";
  }

  std::string at(std::int64_t tick) {
    auto recording = Recording::open(path_);
    EXPECT_TRUE(recording);
    const auto batch = processes_at(
        *recording, Nanoseconds(RecordingWriter::kStartTime + tick * RecordingWriter::kSecond + 5));
    if (!batch) return batch.error().text;
    std::string text;
    for (std::int64_t row = 0; row < row_count(**batch); ++row) text += row_of(**batch, row);
    return text;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "a.tacho";
};

TEST_F(Processes, AreFilledForwardUntilTheyEnd) {
  EXPECT_EQ(at(0), "1:init@0 ");
  EXPECT_EQ(at(4), "1:init@4 2:cc1plus@3 ");
  EXPECT_EQ(at(7), "1:init@7 2:cc1plus@3 4:lost@5 ");
  EXPECT_EQ(at(8), "1:init@8 4:lost@5 ");
  EXPECT_EQ(at(13), "1:init@13 3:sh@12 4:lost@5 ");
  EXPECT_EQ(at(19), "1:init@19 3:ld@14 4:lost@5 ");
}

TEST_F(Processes, AreFoundFromTheMiddleOfALaterFile) {
  EXPECT_EQ(at(175), "1:init@175 3:ld@123 ");
  EXPECT_EQ(at(209), "1:init@209 3:ld@200 ");
}

TEST_F(Processes, AreTheSameAfterSealing) {
  const std::string live = at(7) + at(19) + at(175);
  ASSERT_TRUE(seal(path_));
  EXPECT_EQ(at(7) + at(19) + at(175), live);
}

TEST_F(Processes, HaveARowAtEveryTickWithItsTime) {
  auto recording = Recording::open(path_);
  ASSERT_TRUE(recording);
  auto rows = processes(*recording, {Range::Axis::tick, 2, 5});
  ASSERT_TRUE(rows) << rows.error().text;
  const auto batch = (*rows)->next();
  ASSERT_TRUE(batch && *batch);
  std::string text;
  const ColumnView tick(**batch, "tick"), time(**batch, "time");
  for (std::int64_t row = 0; row < row_count(**batch); ++row) {
    text += std::to_string(tick.word(row)) + "/" + row_of(**batch, row);
    EXPECT_EQ(time.integer(row), RecordingWriter::kStartTime +
                                     std::int64_t(tick.word(row)) * RecordingWriter::kSecond);
  }
  EXPECT_EQ(text, "2/1:init@2 3/1:init@3 3/2:cc1plus@3 4/1:init@4 4/2:cc1plus@3 ");
  EXPECT_FALSE(*(*rows)->next());
}

TEST_F(Processes, AreDroppedWhenTheirRowsEndWithoutAnExit) {
  auto recording = Recording::open(path_);
  ASSERT_TRUE(recording);
  auto rows = processes(*recording);
  ASSERT_TRUE(rows);
  std::uint64_t last = 0;
  while (true) {
    const auto batch = (*rows)->next();
    ASSERT_TRUE(batch);
    if (!*batch) break;
    const ColumnView tick(**batch, "tick"), process(**batch, "process");
    for (std::int64_t row = 0; row < row_count(**batch); ++row)
      if (process.word(row) == 4) last = tick.word(row);
  }
  EXPECT_EQ(last, 5U + 180U);  // three turns of key rows
}

TEST_F(Processes, HaveNoStateBeforeTheRecordingBegins) {
  EXPECT_NE(at(-1).find("begins after this time"), std::string::npos);
}

}  // namespace
}  // namespace tacho
