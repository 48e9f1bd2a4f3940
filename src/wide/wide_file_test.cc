// SPDX-License-Identifier: Apache-2.0
#include "wide/wide_file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wide/parquet_format.h"
#include "wide/testing.h"

namespace tacho {
namespace {

using testing::WideFolder;
using testing::WideSample;

std::string content(const std::string& path) { return read_file(path).value(); }

// Appends rows `from` up to before `to` and writes.
void write_rows(WideFile& file, const WideSample& sample, int from, int to) {
  for (int number = from; number < to; ++number)
    ASSERT_TRUE(file.append(sample.row(number), sample.columns)) << number;
  const auto written = file.write();
  ASSERT_TRUE(written) << written.error().text;
}

parquet_format::Layout layout_of(const std::string& path) {
  const std::string bytes = content(path);
  std::uint32_t size = 0;
  std::copy(bytes.end() - 8, bytes.end() - 4, reinterpret_cast<char*>(&size));
  const std::uint64_t start = bytes.size() - 8 - size;
  auto layout = parquet_format::parse_footer(std::string_view(bytes).substr(start, size), start);
  EXPECT_TRUE(layout) << layout.error().text;
  return layout ? *layout : parquet_format::Layout{};
}

TEST(WideFile, ItsNameSaysItsFormat) {
  EXPECT_TRUE(WideFile::is_name("/tmp/x.parquet"));
  EXPECT_TRUE(WideFile::is_name("x.csv"));
  EXPECT_FALSE(WideFile::is_name("x.tacho"));
  EXPECT_FALSE(WideFile::is_name("/tmp/.parquet"));
  EXPECT_FALSE(WideFile::open_growing("/tmp/x.txt", {}));
}

TEST(WideFile, CsvHasALineForEachRowAndOneFieldForEachColumn) {
  const WideFolder folder;
  WideSample sample;
  const auto file = WideFile::open_growing(folder / "x.csv", {.is_utc = true}).value();
  write_rows(*file, sample, 3, 5);
  EXPECT_EQ(content(folder / "x.csv"),
            "timestamp,count,share,name\n"
            "2025-11-24 13:13:23.123456+00:00,2,,\"a, \"\"b\"\"\"\n"
            "2025-11-24 13:13:24.123456+00:00,3,2.0,\"a, \"\"b\"\"\"\n");
  sample.add("late");
  write_rows(*file, sample, 5, 6);
  EXPECT_EQ(content(folder / "x.csv"),
            "timestamp,count,share,name,late\n"
            "2025-11-24 13:13:23.123456+00:00,2,,\"a, \"\"b\"\"\",\n"
            "2025-11-24 13:13:24.123456+00:00,3,2.0,\"a, \"\"b\"\"\",\n"
            "2025-11-24 13:13:25.123456+00:00,4,2.5,\"a, \"\"b\"\"\",\n");
  EXPECT_EQ(folder.names(), std::vector<std::string>{"x.csv"});
}

TEST(WideFile, CsvTextThatASpreadsheetTakesForAFormulaIsMarked) {
  const WideFolder folder;
  const WideSample sample;
  const auto file = WideFile::open_growing(folder / "x.csv", {.is_utc = true}).value();
  ASSERT_TRUE(file->append(sample.row(1, "=evil(1)"), sample.columns));
  ASSERT_TRUE(file->append(sample.row(0, std::nullopt), sample.columns));
  ASSERT_TRUE(file->write());
  EXPECT_NE(content(folder / "x.csv").find(",0,0.5,'=evil(1)\n"), std::string::npos);
  EXPECT_NE(content(folder / "x.csv").find(",-1,,\n"), std::string::npos);
}

TEST(WideFile, OneThatIsThereIsContinuedInBothFormats) {
  for (const char* name : {"x.csv", "x.parquet"}) {
    const WideFolder folder;
    WideSample sample;
    write_rows(*WideFile::open_growing(folder / name, {.is_utc = true}).value(), sample, 1, 4);
    // Other columns, in another order: those of the file stay where they are.
    WideSample other = sample;
    std::swap(other.columns[0].name, other.columns[1].name);
    std::swap(other.columns[0].type, other.columns[1].type);
    other.add("late");
    const auto again = WideFile::open_growing(folder / name, {.is_utc = true}).value();
    EXPECT_EQ(again->rows(), 3);
    EXPECT_EQ(again->last_time(), again->time_in_file(sample.row(3).time));
    write_rows(*again, other, 4, 6);
    const auto third = WideFile::open_growing(folder / name, {.is_utc = true}).value();
    EXPECT_EQ(third->rows(), 5) << name;
    EXPECT_EQ(third->last_time(), third->time_in_file(sample.row(5).time)) << name;
  }
}

TEST(WideFile, ParquetKeepsFullGroupsAndWritesOnlyTheOpenOneAgain) {
  const WideFolder folder;
  WideSample sample;
  const std::string path = folder / "x.parquet";
  const auto file = WideFile::open_growing(path, {.is_utc = true}).value();
  write_rows(*file, sample, 0, 1030);  // full: it is begun anew
  const std::string first = content(path);
  write_rows(*file, sample, 1030, 1040);
  write_rows(*file, sample, 1040, 1050);
  const auto layout = layout_of(path);
  ASSERT_EQ(layout.groups.size(), 2u);
  EXPECT_EQ(layout.groups[0].rows, 1030);
  EXPECT_EQ(layout.groups[1].rows, 20);
  EXPECT_EQ(content(path).substr(0, layout.groups[0].bytes),
            first.substr(0, layout.groups[0].bytes));
  sample.add("late");
  write_rows(*file, sample, 1050, 1051);
  const auto wider = layout_of(path);
  EXPECT_EQ(wider.columns.size(), 5u);
  EXPECT_EQ(wider.groups[0].chunks.back().nulls, 1030);
  EXPECT_EQ(wider.groups[1].rows, 21);
  EXPECT_EQ(wider.groups[1].chunks.back().nulls, 21);
}

TEST(WideFile, OneThatCannotBeContinuedIsLeftAloneAndTheReasonIsTold) {
  const WideFolder folder;
  const WideSample sample;
  write_rows(*WideFile::open_growing(folder / "x.parquet", {.is_utc = true}).value(), sample, 1, 4);
  write_rows(*WideFile::open_growing(folder / "x.csv", {.is_utc = true}).value(), sample, 1, 4);
  const auto reason = [&](const std::string& name) {
    const auto file = WideFile::open_growing(folder / name, {.is_utc = false});
    return file ? std::string("none") : file.error().text;
  };
  EXPECT_NE(reason("x.parquet").find("its times are in UTC"), std::string::npos)
      << reason("x.parquet");
  EXPECT_NE(reason("x.csv").find("its times are not local"), std::string::npos) << reason("x.csv");
  const auto put = [&](const std::string& name, std::string_view bytes) {
    const FileDescriptor at(open((folder / "").c_str(), O_RDONLY | O_DIRECTORY));
    ASSERT_TRUE(replace_file_at(at.get(), name, bytes));
  };
  put("foreign.csv", "a,b\n1,2\n");
  EXPECT_NE(reason("foreign.csv").find("its first column"), std::string::npos);
  put("torn.csv", "timestamp,a\n2025-11-24 13:13:23.1,2\n2025-11");
  EXPECT_NE(reason("torn.csv").find("not whole"), std::string::npos);
  put("empty.parquet", "");
  EXPECT_NE(reason("empty.parquet").find("no whole Parquet file"), std::string::npos);
  ASSERT_EQ(symlink("x.parquet", (folder / "link.parquet").c_str()), 0);
  EXPECT_NE(reason("link.parquet").find("link"), std::string::npos);
  ASSERT_EQ(mkfifo((folder / "fifo.csv").c_str(), 0600), 0);
  EXPECT_NE(reason("fifo.csv").find("no regular file"), std::string::npos);
}

TEST(WideFile, ADamagedFooterIsRefusedOrReadWithoutHarm) {
  const WideFolder folder;
  const WideSample sample;
  const std::string path = folder / "x.parquet";
  write_rows(*WideFile::open_growing(path, {.is_utc = true}).value(), sample, 1, 40);
  const std::string whole = content(path);
  const FileDescriptor at(open((folder / "").c_str(), O_RDONLY | O_DIRECTORY));
  for (std::size_t bit = (whole.size() - 900) * 8; bit < whole.size() * 8; bit += 29) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
    ASSERT_TRUE(replace_file_at(at.get(), "x.parquet", damaged, Sync::no));
    const auto file = WideFile::open_growing(path, {.is_utc = true});
    if (!file) continue;  // told that it is damaged, or another program's
    // Another name, or another number of rows: a page of nulls for a new column has an end all the
    // same.
    WideSample wider = sample;
    wider.add("late");
    (void)(*file)->append(sample.row(50), wider.columns);
    (void)(*file)->write();
    EXPECT_LT((*file)->rows(), 10'000);
  }
}

TEST(WideFile, ModeOfTheFileIsKeptAndANewOneIsPrivate) {
  const WideFolder folder;
  const WideSample sample;
  const std::string path = folder / "x.parquet";
  const auto file = WideFile::open_growing(path, {.is_utc = true}).value();
  write_rows(*file, sample, 1, 2);
  struct stat status{};
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  write_rows(*file, sample, 2, 3);
  ASSERT_EQ(stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644u);
}

TEST(WideFile, AWriteThatFailsIsTriedAgainWithNothingLost) {
  for (const char* name : {"x.csv", "x.parquet"}) {
    const WideFolder folder;
    const WideSample sample;
    const auto file = WideFile::open_growing(folder / name, {.is_utc = true}).value();
    write_rows(*file, sample, 1, 1500);
    // What the new file would be called is a folder, and not an empty one.
    const std::string in_the_way = folder / ("." + std::string(name) + ".new");
    std::filesystem::create_directories(in_the_way + "/full");
    for (int number = 1500; number < 1510; ++number)
      ASSERT_TRUE(file->append(sample.row(number), sample.columns));
    EXPECT_FALSE(file->write());
    std::filesystem::remove_all(in_the_way);
    ASSERT_TRUE(file->write());
    EXPECT_EQ(WideFile::open_growing(folder / name, {.is_utc = true}).value()->rows(), 1509)
        << name;
  }
}

TEST(WideFile, AFileThatWasRemovedComesBackWhole) {
  const WideFolder folder;
  const WideSample sample;
  const std::string path = folder / "x.parquet";
  const auto file = WideFile::open_growing(path, {.is_utc = true}).value();
  write_rows(*file, sample, 0, 1100);
  ASSERT_EQ(unlink(path.c_str()), 0);
  write_rows(*file, sample, 1100, 1110);
  EXPECT_EQ(WideFile::open_growing(path, {.is_utc = true}).value()->rows(), 1110);
}

TEST(WideFile, LocalTimesAreThoseOfTheZonesClock) {
  const WideFolder folder;
  const WideSample sample;
  setenv("TZ", "Asia/Kathmandu", 1);
  tzset();
  const auto file = WideFile::open_growing(folder / "x.csv", {.is_utc = false}).value();
  write_rows(*file, sample, 1, 2);
  unsetenv("TZ");
  tzset();
  EXPECT_NE(content(folder / "x.csv").find("\n2025-11-24 18:58:21.123456,"), std::string::npos)
      << content(folder / "x.csv");
}

TEST(WideFile, RowsThatWaitTooLongAreRefused) {
  const WideFolder folder;
  const WideSample sample;
  const auto file = WideFile::open_growing(folder / "x.parquet", {.is_utc = true}).value();
  for (std::size_t number = 0; number < WideFile::kMostWaiting; ++number)
    ASSERT_TRUE(file->append(sample.row(static_cast<int>(number)), sample.columns));
  const auto refused = file->append(sample.row(0), sample.columns);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::exhausted);
  ASSERT_TRUE(file->write());
  EXPECT_TRUE(file->append(sample.row(0), sample.columns));
}

}  // namespace
}  // namespace tacho
