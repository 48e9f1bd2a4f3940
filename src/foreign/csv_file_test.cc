// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <tuple>

#include "foreign/raw_file.h"

namespace tacho {
namespace {

ForeignFile file_of(const std::string& text) {
  ForeignFile file{.name = "some.csv", .stem = "some"};
  file.descriptor = FileDescriptor(memfd_create("some.csv", MFD_CLOEXEC));
  EXPECT_EQ(write(file.descriptor.get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  file.size = text.size();
  return file;
}

// All values of all rows: times, ticks, then each column's.
std::string text_of(const RawChunk& chunk) {
  std::string text;
  for (std::size_t row = 0; row < chunk.rows(); ++row) {
    text += std::to_string(chunk.times[row]) + " " + std::to_string(chunk.ticks[row]);
    for (const RawValues& values : chunk.columns) {
      text += "|";
      if (values.present[row] == 0) continue;
      const std::size_t begin =
          values.type != Type::text || row == 0 ? 0 : static_cast<std::size_t>(values.ends[row - 1]);
      text += values.type == Type::text
                  ? values.bytes.substr(begin, static_cast<std::size_t>(values.ends[row]) - begin)
              : values.type == Type::real
                  ? std::to_string(std::bit_cast<double>(values.words[row]))
                  : std::to_string(static_cast<std::int64_t>(values.words[row]));
    }
    text += "\n";
  }
  return text;
}

struct Seen {
  Survey survey;
  std::string rows;
};

Seen seen_in_blocks_of(const ForeignFile& file, std::size_t block) {
  Seen seen;
  const auto raw = make_csv_file(file, block);
  auto survey = raw->survey();
  EXPECT_TRUE(survey) << survey.error().text;
  if (!survey) return seen;
  seen.survey = std::move(*survey);
  RawRequest request;
  for (std::size_t column = 0; column < seen.survey.columns.size(); ++column)
    request.columns.push_back(column);
  for (std::size_t stretch = 0; stretch < seen.survey.stretches.size(); ++stretch)
    request.stretches.push_back(stretch);
  const auto read = raw->read(seen.survey, request, [&](const RawChunk& chunk) -> Result<bool> {
    seen.rows += text_of(chunk);
    return true;
  });
  EXPECT_TRUE(read) << read.error().text;
  return seen;
}

auto figures_of(const ColumnProfile& profile) {
  return std::tuple(profile.count, profile.low, profile.high, profile.sum, profile.first, profile.last,
                    profile.low_time, profile.high_time, profile.first_time, profile.last_time, profile.ups,
                    profile.downs, profile.grown, profile.steepest_time);
}

// Quotes with separators, newlines and quotes in them, CRLF, a column that comes late, empty fields and empty lines,
// lines that are no rows, a gap, equal times, a column that turns real and one that turns text, no newline at the end.
constexpr std::string_view kOdd =
    "\xef\xbb\xbfts,count,late,\"a, b\",mixed\r\n"
    "1000,1,,\"x\",1\r\n"
    "1001,2,,\"say \"\"hi\"\",\nthere\",2\n"
    "\n"
    "1002,3,,,\r\n"
    "1003,-4,7,5\" disk,3.25\n"
    "1004,5\n"
    "never,5,1,y,1\n"
    "1004,99,,\"\n\n\",123456789.25\r\n"
    "1004,100,8.5,z,-0.125\n"
    "1010,101,9,\",\",N/A\n"
    "1011,102,,q,\"6\"\n"
    "1012,103,1,word,1e3\n"
    "1013,104,,,7";

TEST(CsvFile, IsTheSameWhereverABlockEnds) {
  const ForeignFile file = file_of(std::string(kOdd));
  const Seen whole = seen_in_blocks_of(file, kCsvBlock);
  ASSERT_EQ(whole.survey.stretches.size(), 1U);
  EXPECT_EQ(whole.survey.rows, 10U);
  EXPECT_EQ(whole.survey.ticks, 9U);
  EXPECT_EQ(whole.survey.uneven, 1U);
  EXPECT_EQ(whole.survey.timeless, 1U);
  ASSERT_EQ(whole.survey.gaps.size(), 1U);
  EXPECT_EQ(whole.survey.gaps[0].before, 1010'000'000'000);
  EXPECT_NE(whole.rows.find("1001000000000 1|2||say \"hi\",\\x0athere|2.000000\n"), std::string::npos)
      << whole.rows;
  for (std::size_t block = 1; block <= kOdd.size(); ++block) {
    const Seen cut = seen_in_blocks_of(file, block);
    EXPECT_EQ(cut.rows, whole.rows) << block;
    EXPECT_EQ(cut.survey.ticks, whole.survey.ticks) << block;
    EXPECT_EQ(cut.survey.first_uneven, whole.survey.first_uneven) << block;
    ASSERT_EQ(cut.survey.gaps.size(), 1U) << block;
    EXPECT_EQ(cut.survey.gaps[0].tick, whole.survey.gaps[0].tick) << block;
    for (std::size_t column = 0; column < whole.survey.columns.size(); ++column) {
      const SurveyedColumn &one = cut.survey.columns[column], &other = whole.survey.columns[column];
      EXPECT_EQ(one.type, other.type) << block << " " << other.name;
      if (other.type_of() == Type::text) continue;
      EXPECT_EQ(figures_of(one.profile), figures_of(other.profile)) << block << " " << other.name;
    }
  }
}

TEST(CsvFile, APartIsTheFiguresOfItsRowsAlone) {
  std::string text = "timestamp,cpu_0_utilization,cpu_1_utilization,total\n";
  for (int row = 0; row < 500; ++row)
    text += std::to_string(1000 + row) + "," + std::to_string(row % 50) + "," +
            (row < 100 ? "" : std::to_string(row % 70)) + "," + std::to_string(row * 3) + "\n";
  const ForeignFile file = file_of(text);
  for (const std::size_t block : {std::size_t{300}, kCsvBlock}) {
    const auto raw = make_csv_file(file, block);
    const auto whole = raw->survey();
    ASSERT_TRUE(whole);
    EXPECT_EQ(whole->cpu_mean.count, 500U);
    EXPECT_EQ(whole->cpu_mean.high, (49 + 69) / 2.0);
    const auto part = survey_part(*raw, *whole, {1050'000'000'000, 1150'000'000'000});
    ASSERT_TRUE(part) << part.error().text;
    EXPECT_EQ(part->rows, 100U);
    EXPECT_EQ(part->columns[2].profile.low, 150);
    EXPECT_EQ(part->columns[2].profile.high, 447);
    EXPECT_EQ(part->columns[2].profile.grown, 99 * 3);
    EXPECT_EQ(part->columns[1].profile.count, 50U);
    EXPECT_EQ(part->cpu_mean.high, (39 + 69) / 2.0);
    EXPECT_EQ(part->cpu_mean.high_time, 1139'000'000'000);
    const auto none = survey_part(*raw, *whole, {5000'000'000'000, 6000'000'000'000});
    ASSERT_TRUE(none);
    EXPECT_EQ(none->rows, 0U);
  }
}

}  // namespace
}  // namespace tacho
