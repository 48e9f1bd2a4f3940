// SPDX-License-Identifier: Apache-2.0
#include "query/recording.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "schema/table.h"
#include "store/seal.h"
#include "store/testing.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

// Ticks 0..n-1 of two CPUs and the system, cut into files of `per_file` ticks. Ticks divisible by 7
// are absent.
void write_recording(const std::string& path, std::uint64_t ticks, std::uint64_t per_file) {
  auto writer = RecordingWriter::create(path, {&testing::kSystem, &testing::kCpu});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    if (tick > 0 && tick % per_file == 0) {
      ASSERT_TRUE(writer->rotate());
    }
    if (tick % 7 == 6) continue;
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t(tick) * 100);
    for (std::int64_t cpu = 0; cpu < 2; ++cpu)
      writer->rows(testing::kCpu)
          .append(cpu, std::int64_t(tick) * 1000 + cpu,
                  cpu == 0 ? std::optional<double>(1e9 + double(tick)) : std::nullopt);
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(ticks - 1));
}

std::string lines_of(const Recording& recording) {
  std::string lines;
  for (const Finding& finding : recording.findings()) lines += to_line(finding) + "\n";
  return lines;
}

// "tick/cpu/time_user" of each row.
std::vector<std::string> cpu_rows(const Recording& recording, const ScanOptions& options) {
  std::vector<std::string> rows;
  auto stream = recording.scan("cpu", options);
  EXPECT_TRUE(stream) << stream.error().text;
  if (!stream) return rows;
  while (true) {
    auto batch = (*stream)->next();
    EXPECT_TRUE(batch) << batch.error().text;
    if (!batch || !*batch) return rows;
    const ColumnView tick(**batch, "tick"), cpu(**batch, "cpu"), user(**batch, "time_user");
    for (std::int64_t row = 0; row < row_count(**batch); ++row)
      rows.push_back(std::to_string(tick.word(row)) + "/" + std::to_string(cpu.integer(row)) + "/" +
                     std::to_string(user.integer(row)));
  }
}

TEST(Recording, GivesTheRowsOfAllFilesInOrderOfTicks) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho/");
  ASSERT_TRUE(recording) << recording.error().text;
  EXPECT_EQ(recording->table_names(), (std::vector<std::string>{"cpu", "system"}));
  const auto rows = cpu_rows(*recording, {});
  ASSERT_EQ(rows.size(), 52U);  // 26 ticks
  EXPECT_EQ(rows.front(), "0/0/0");
  EXPECT_EQ(rows.back(), "29/1/29001");
  EXPECT_EQ(lines_of(*recording), "");
}

// Rows of one CPU whose frequency is known from tick 20 on.
void write_late_frequency(const std::string& path) {
  auto writer = RecordingWriter::create(path, {&testing::kCpu});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < 30; ++tick) {
    if (tick > 0 && tick % 10 == 0) {
      ASSERT_TRUE(writer->rotate());
    }
    writer->begin(tick);
    writer->rows(testing::kCpu)
        .append(std::int64_t{0}, std::int64_t(tick),
                tick < 20 ? std::nullopt : std::optional<double>(1e9));
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(29));
}

TEST(Recording, KnowsColumnsThatHaveAValueSomewhere) {
  const TemporaryFolder folder;
  write_late_frequency(folder / "a.tacho");
  const std::string known(testing::kCpu.columns[2].name);
  using Names = std::set<std::string>;
  const Names asked = {known, "tick", "no_such"};
  for (int round = 0; round < 2; ++round) {
    auto recording = Recording::open(folder / "a.tacho");
    ASSERT_TRUE(recording);
    const auto found = recording->columns_with_values("cpu", asked);
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(*found, (Names{known, "tick"}));
    ASSERT_TRUE(seal(folder / "a.tacho"));
  }
  auto sealed = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(sealed);
  const Range before{.axis = Range::Axis::tick, .from = {}, .to = 20};
  EXPECT_EQ(*sealed->columns_with_values("cpu", asked, before), Names{"tick"});
  EXPECT_FALSE(sealed->columns_with_values("nothing", asked));
}

constexpr Column kEventColumns[] = {text("name", "What.")};
constexpr Table kEvent{.name = "event", .help = "What happened.", .columns = kEventColumns};

TEST(Recording, PutsEventsThatWereWrittenLaterWhereTheyBelong) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  auto writer = RecordingWriter::create(path, {&kEvent});
  ASSERT_TRUE(writer);
  const auto write = [&](std::uint64_t tick, std::string_view name) {
    writer->begin(tick);
    writer->rows(kEvent).append(name);
    ASSERT_TRUE(writer->commit());
  };
  write(1, "a");
  write(9, "d");
  ASSERT_TRUE(writer->rotate());
  write(5, "c");
  ASSERT_TRUE(writer->rotate());
  write(3, "b");
  ASSERT_TRUE(writer->finish(9));
  for (int round = 0; round < 2; ++round) {
    auto recording = Recording::open(path);
    ASSERT_TRUE(recording);
    auto scanned = recording->scan("event", {.columns = {"name"}});
    ASSERT_TRUE(scanned) << scanned.error().text;
    const Stream rows = std::move(*scanned);
    const Batch batch = *rows->next();
    ASSERT_TRUE(batch);
    EXPECT_EQ(columns_of(*rows->schema()).size(), 1U);  // not what it was sorted by
    std::string names;
    for (std::int64_t row = 0; row < row_count(*batch); ++row)
      names += ColumnView(*batch, "name").text(row);
    EXPECT_EQ(names, "abcd");
    EXPECT_FALSE(*rows->next());
    ASSERT_TRUE(seal(path));
  }
}

TEST(Recording, KeepsToARangeOfTicksOrTimes) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  const std::vector<std::string> expected{"9/0/9000", "9/1/9001", "10/0/10000", "10/1/10001"};
  EXPECT_EQ(cpu_rows(*recording, {.range = {Range::Axis::tick, 9, 11}}), expected);
  const std::int64_t from = RecordingWriter::kStartTime + 9 * RecordingWriter::kSecond;
  EXPECT_EQ(cpu_rows(*recording,
                     {.range = {Range::Axis::time, from, from + 2 * RecordingWriter::kSecond}}),
            expected);
}

TEST(Recording, SaysWhatItsTablesHold) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  const auto tables = recording->tables();
  ASSERT_TRUE(tables) << tables.error().text;
  const TableSummary& cpu = tables->front();
  EXPECT_EQ(cpu.name, "cpu");
  EXPECT_EQ(cpu.help, "Each CPU.");
  EXPECT_EQ(cpu.scope, "machine");
  EXPECT_EQ(cpu.rows, 52U);
  EXPECT_EQ(cpu.live, 3);
  EXPECT_EQ(cpu.first_tick, 0U);
  EXPECT_EQ(cpu.last_tick, 29U);
  EXPECT_GT(cpu.size, 0U);
}

TEST(Recording, CountsTheTicksThatWereNotTaken) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  const auto gaps = recording->gaps();
  ASSERT_TRUE(gaps);
  ASSERT_EQ(gaps->size(), 4U);  // 6, 13, 20, 27
  EXPECT_EQ(gaps->at(1).first_tick, 13U);
  EXPECT_EQ(gaps->at(1).ticks, 1U);
  EXPECT_EQ(gaps->at(1).before_boottime - gaps->at(1).after_boottime, std::chrono::seconds(2));
}

TEST(Recording, AppliesAPredicateAndNamesUnknownColumns) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  auto predicate = Predicate::parse("time_user > 28us and cpu = 1", {});
  ASSERT_TRUE(predicate) << predicate.error().text;
  EXPECT_EQ(
      cpu_rows(*recording, {.columns = {"time_user", "tick", "cpu"}, .predicate = &*predicate}),
      (std::vector<std::string>{"28/1/28001", "29/1/29001"}));
  auto unknown = Predicate::parse("colour = 1", {});
  ASSERT_TRUE(unknown);
  const auto refused = recording->scan("cpu", {.predicate = &*unknown});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  EXPECT_NE(refused.error().text.find("frequency"), std::string::npos);
}

TEST(Recording, RefusesWhatIsNoneInOneLine) {
  const TemporaryFolder folder;
  EXPECT_EQ(Recording::open(folder / "none").error().code, ErrorCode::absent);
  ASSERT_EQ(mkdir((folder / "empty").c_str(), 0700), 0);
  const auto empty = Recording::open(folder / "empty");
  EXPECT_EQ(empty.error().code, ErrorCode::corrupt);
  EXPECT_NE(empty.error().text.find("expected a folder NAME.tacho"), std::string::npos);
  std::ofstream(folder / "file") << "PAR1";
  EXPECT_EQ(Recording::open(folder / "file").error().code, ErrorCode::corrupt);
  std::ofstream(folder / "empty/recording.json") << "{\"format\":";
  EXPECT_EQ(Recording::open(folder / "empty").error().code, ErrorCode::corrupt);
  for (const auto& error : {empty.error().text, Recording::open(folder / "file").error().text})
    EXPECT_EQ(error.find('\n'), std::string::npos);
}

TEST(Recording, RefusesAHigherMajorVersion) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 2, 10);
  RecordingFacts facts;
  facts.format_major = 2;
  std::ofstream(folder / "a.tacho/recording.json") << to_json(facts);
  const auto recording = Recording::open(folder / "a.tacho");
  ASSERT_FALSE(recording);
  EXPECT_EQ(recording.error().code, ErrorCode::invalid);
}

TEST(Recording, FollowsNoPlantedLinkAndWaitsForNoFifo) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 20, 10);
  ASSERT_EQ(symlink((folder / "a.tacho").c_str(), (folder / "link.tacho").c_str()), 0);
  EXPECT_EQ(Recording::open(folder / "link.tacho").error().code, ErrorCode::corrupt);
  EXPECT_EQ(Recording::open(folder / "link.tacho/").error().code, ErrorCode::corrupt);
  const std::string live = folder / "a.tacho/cpu/live-000001.arrows";
  ASSERT_EQ(unlink(live.c_str()), 0);
  ASSERT_EQ(symlink("/etc/passwd", live.c_str()), 0);
  ASSERT_EQ(mkfifo((folder / "a.tacho/cpu/live-000003.arrows").c_str(), 0600), 0);
  ASSERT_EQ(symlink("/etc", (folder / "a.tacho/memory").c_str()), 0);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording) << recording.error().text;
  EXPECT_EQ(cpu_rows(*recording, {}).size(), 18U);  // of the second file
  EXPECT_EQ(recording->findings().size(), 3U) << lines_of(*recording);
}

TEST(Recording, SeesMoreWhenItIsOpenedAgain) {
  const TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "a.tacho", {&testing::kSystem});
  ASSERT_TRUE(writer);
  for (std::uint64_t tick = 0; tick < 3; ++tick) {
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t(tick));
    ASSERT_TRUE(writer->commit());
    auto recording = Recording::open(folder / "a.tacho");
    ASSERT_TRUE(recording);
    EXPECT_EQ(recording->summary("system")->rows, tick + 1);
  }
}

TEST(Recording, ReadsOnWhenItIsSealedWhileItIsBeingRead) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  ASSERT_TRUE(seal(folder / "a.tacho"));
  EXPECT_EQ(cpu_rows(*recording, {}).size(), 52U);
  EXPECT_EQ(lines_of(*recording), "");
}

TEST(Recording, ReportsAFileThatIsMissing) {
  const TemporaryFolder folder;
  write_recording(folder / "a.tacho", 30, 10);
  ASSERT_EQ(unlink((folder / "a.tacho/cpu/live-000002.arrows").c_str()), 0);
  auto recording = Recording::open(folder / "a.tacho");
  ASSERT_TRUE(recording);
  EXPECT_EQ(cpu_rows(*recording, {}).size(), 34U);
  ASSERT_EQ(recording->findings().size(), 1U) << lines_of(*recording);
  EXPECT_NE(recording->findings()[0].what.find("number 2 is missing"), std::string::npos);
}

}  // namespace
}  // namespace tacho
