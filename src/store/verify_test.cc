// SPDX-License-Identifier: Apache-2.0
// No damage goes unnoticed, and none is silently read.
#include "store/verify.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "store/recording_content.h"
#include "store/seal.h"
#include "store/testing.h"

namespace tacho {
namespace {

using testing::Content;
using testing::content_of;
using testing::part_in;
using testing::RecordingWriter;
using testing::TemporaryFolder;
using testing::write_recording;

TEST(Verify, FindsNothingInAWholeRecordingLiveOrSealed) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 2);
  for (int round = 0; round < 2; ++round) {
    const auto report = verify(path);
    ASSERT_TRUE(report) << report.error().text;
    EXPECT_TRUE(report->findings.empty()) << to_line(report->findings[0]);
    EXPECT_EQ(report->rows, 100U);
    ASSERT_TRUE(seal(path));
  }
}

TEST(Verify, FindsEveryBitFlipInASealedPartAndNoRowIsSilentlyWrong) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  const Content before = content_of(path);
  ASSERT_TRUE(seal(path));
  const std::string part = part_in(path + "/cpu");
  const std::uint64_t bits = testing::size_of(part) * 8;
  std::mt19937_64 random(1);
  for (int flip = 0; flip < 200; ++flip) {
    const std::uint64_t bit = random() % bits;
    testing::flip_bit(part, bit);
    const auto report = verify(path);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->findings.empty()) << "bit " << bit;
    const Content now = content_of(path);
    EXPECT_FALSE(now.findings.empty()) << "bit " << bit;
    // The other table has 10 rows; of this one either the row group is whole or it is left out.
    EXPECT_TRUE(now.digest == before.digest || now.rows == 10) << "bit " << bit;
    testing::flip_bit(part, bit);
  }
  EXPECT_EQ(content_of(path), before);
}

TEST(Verify, FindsBitFlipsInALiveFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 2);
  const Content before = content_of(path);
  const std::string live = path + "/cpu/live-000001.arrows";
  // Up to the end marker; behind it the file is grown ahead with zeros, which say nothing.
  const std::uint64_t bytes = testing::bytes_of(live).find_last_not_of('\0') + 1 + 4;
  std::mt19937_64 random(2);
  for (int flip = 0; flip < 60; ++flip) {
    const std::uint64_t bit = random() % (bytes * 8);
    testing::flip_bit(live, bit);
    const auto report = verify(path);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->findings.empty()) << "bit " << bit;
    const Content now = content_of(path);
    EXPECT_LE(now.rows, before.rows);
    EXPECT_TRUE(now.rows == before.rows ? now.digest == before.digest : true) << "bit " << bit;
    testing::flip_bit(live, bit);
  }
}

TEST(Verify, FindsTruncatedParts) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  ASSERT_TRUE(seal(path));
  const std::string part = part_in(path + "/cpu");
  for (std::uint64_t size = testing::size_of(part); size > 0;
       size -= std::min<std::uint64_t>(size, 97)) {
    testing::cut_tail(part, size - 1);
    const auto report = verify(path);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->findings.empty()) << size;
    EXPECT_EQ(content_of(path).rows, 10U) << size;
  }
}

TEST(Verify, NamesFilesThatAreMissingForeignOrAnothersAndTheTime) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho", other = folder / "b.tacho";
  write_recording(path, 3);
  ASSERT_EQ(unlink((path + "/cpu/live-000002.arrows").c_str()), 0);
  ASSERT_EQ(unlink((path + "/system/live-000003.arrows").c_str()), 0);
  std::filesystem::copy_file(path + "/system/live-000001.arrows", path + "/cpu/live-000004.arrows");
  std::filesystem::copy_file(path + "/recording.json", path + "/cpu/notes.txt");
  const auto report = verify(path);
  ASSERT_TRUE(report);
  std::string lines;
  for (const Finding& finding : report->findings) lines += to_line(finding) + "\n";
  EXPECT_NE(lines.find("cpu: the file with number 2 is missing (11"), std::string::npos) << lines;
  EXPECT_EQ(lines.find("system:"), std::string::npos) << lines;  // 3 and 4 are in one table alone
  EXPECT_NE(lines.find("cpu/live-000004.arrows: it says tacho.table=system; expected cpu"),
            std::string::npos);
  EXPECT_NE(lines.find("cpu/notes.txt: is no file of a recording"), std::string::npos) << lines;
}

TEST(Verify, NamesATableThatLacksTheNewestFileOfTheOthers) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  auto writer =
      RecordingWriter::create(path, {&testing::kSystem, &testing::kCpu, &testing::kProcess});
  ASSERT_TRUE(writer);
  const auto commit = [&](std::uint64_t tick) {
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t{1});
    writer->rows(testing::kCpu).append(std::int64_t{0}, std::int64_t{1}, 2.4e9);
    writer->rows(testing::kProcess)
        .append(std::uint64_t{1}, std::int64_t{1}, "R", std::int64_t{1}, std::int64_t{1});
    ASSERT_TRUE(writer->commit());
  };
  commit(0);
  ASSERT_TRUE(writer->rotate());
  ASSERT_EQ(unlink((path + "/cpu/live-000002.arrows").c_str()), 0);
  auto report = verify(path);
  ASSERT_TRUE(report);
  EXPECT_TRUE(report->findings.empty()) << "a recorder that was killed while it rotated";
  commit(1);
  ASSERT_TRUE(writer->finish(1));
  report = verify(path);
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 1U);
  EXPECT_EQ(to_line(report->findings[0]), "cpu: the file with number 2 is missing");
}

}  // namespace
}  // namespace tacho
