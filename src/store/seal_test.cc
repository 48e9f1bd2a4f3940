// SPDX-License-Identifier: Apache-2.0
// Sealing and verifying: nothing is lost when the sealer is killed, and no damage goes unnoticed.
#include "store/seal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <random>

#include "store/columns.h"
#include "store/segment_reader.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

// Two tables, `files` files of ten ticks; four CPUs that differ.
void write_recording(const std::string& path, std::uint64_t files) {
  auto writer = RecordingWriter::create(path, {&testing::kSystem, &testing::kCpu});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < files * 10; ++tick) {
    if (tick > 0 && tick % 10 == 0) {
      ASSERT_TRUE(writer->rotate());
    }
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t(tick) * 100);
    for (std::int64_t cpu = 0; cpu < 4; ++cpu)
      writer->rows(testing::kCpu)
          .append(cpu, std::int64_t(tick) * 1000 + cpu,
                  cpu == 0 ? std::nullopt : std::optional<double>(1e9 + double(tick)));
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(files * 10 - 1));
}

struct Content {
  std::uint64_t rows = 0, digest = 0;
  std::vector<Finding> findings;
  bool operator==(const Content& other) const {
    return rows == other.rows && digest == other.digest && findings.size() == other.findings.size();
  }
};

// All rows of all tables, whatever the files; what could not be read is in `findings`.
Content content_of(const std::string& path) {
  Content content;
  auto recording = RecordingFolder::open(path);
  EXPECT_TRUE(recording) << recording.error().text;
  if (!recording) return content;
  const auto log = std::make_shared<FindingLog>();
  for (const Finding& finding : recording->findings()) log->add(finding);
  for (const TableFolder& table : recording->tables())
    for (const Segment& segment : table.segments) {
      auto reader = open_segment(table, segment, log);
      if (!reader) {
        log->add({.table = table.name, .file = segment.name, .what = reader.error().text});
        continue;
      }
      while (true) {
        auto batch = (*reader)->next({});
        if (!batch)
          log->add({.table = table.name, .file = segment.name, .what = batch.error().text});
        if (!batch || !*batch) break;
        content.rows += static_cast<std::uint64_t>((*batch)->num_rows());
        content.digest += digest_of_rows(**batch);
      }
    }
  content.findings = log->all();
  return content;
}

std::string part_in(const std::string& folder) {
  const auto names = testing::names_in(folder, "part-");
  EXPECT_EQ(names.size(), 1U);
  return folder + "/" + (names.empty() ? "" : names.front());
}

TEST(Seal, KeepsEveryRowAndRemovesTheLiveFiles) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 3);
  const Content before = content_of(path);
  EXPECT_EQ(before.rows, 150U);
  const auto report = seal(path);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->sealed, 6U);
  EXPECT_EQ(report->rows, 150U);
  EXPECT_TRUE(report->findings.empty());
  EXPECT_EQ(content_of(path), before);
  EXPECT_TRUE(testing::names_in(path + "/cpu", "live-").empty());
  ASSERT_EQ(testing::names_in(path + "/cpu").size(), 3U);
  struct stat status{};
  ASSERT_EQ(stat((path + "/cpu/" + testing::names_in(path + "/cpu")[0]).c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  const auto again = seal(path);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->sealed, 0U);
}

TEST(Seal, KeepsTheSchemaAndSaysWhoseItIs) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  auto live = RecordingFolder::open(path);
  ASSERT_TRUE(live);
  const Schema before = *find_schema(*live->find("cpu"), "");
  ASSERT_TRUE(seal(path));
  auto sealed = RecordingFolder::open(path);
  ASSERT_TRUE(sealed);
  const Schema after = *find_schema(*sealed->find("cpu"), "");
  EXPECT_TRUE(after->Equals(*before, /*check_metadata=*/false));
  for (int index = 0; index < before->num_fields(); ++index)
    EXPECT_EQ(metadata_of(after->field(index)->metadata(), "unit"),
              metadata_of(before->field(index)->metadata(), "unit"));
  EXPECT_EQ(metadata_of(after->metadata(), "tacho.recording"), "0123456789abcdef0123456789abcdef");
  EXPECT_EQ(metadata_of(after->metadata(), "tacho.number"), "1");
  EXPECT_EQ(metadata_of(after->metadata(), "tacho.crc32c"), "");
}

TEST(Seal, SealsAnEmptyFileSoThatNoNumberIsMissing) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  auto writer = RecordingWriter::create(path, {&testing::kSystem});
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->finish(0));
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sealed, 1U);
  EXPECT_TRUE(report->findings.empty());
  const auto verified = verify(path);
  ASSERT_TRUE(verified);
  EXPECT_TRUE(verified->findings.empty());
  EXPECT_EQ(verified->rows, 0U);
}

TEST(Seal, CutsRowGroupsAtTenMinutesAndKeepsEachInOrderOfEntities) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  auto writer = RecordingWriter::create(path, {&testing::kCpu});
  ASSERT_TRUE(writer);
  for (std::uint64_t tick = 0; tick < 1300; ++tick) {
    writer->begin(tick);
    for (std::int64_t cpu = 0; cpu < 40; ++cpu)
      writer->rows(testing::kCpu).append(cpu, std::int64_t(tick), std::nullopt);
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(1299));
  ASSERT_TRUE(seal(path));
  auto recording = RecordingFolder::open(path);
  ASSERT_TRUE(recording);
  const TableFolder& table = recording->tables().front();
  auto reader = open_segment(table, table.segments.front(), std::make_shared<FindingLog>());
  ASSERT_TRUE(reader);
  std::vector<std::int64_t> groups;
  while (true) {
    const auto batch = (*reader)->next({});
    ASSERT_TRUE(batch);
    if (!*batch) break;
    groups.push_back((*batch)->num_rows());
    const std::uint64_t* cpu = words_of(*(*batch)->GetColumnByName("cpu"));
    EXPECT_TRUE(std::is_sorted(cpu, cpu + groups.back()));
  }
  EXPECT_EQ(groups, (std::vector<std::int64_t>{24000, 24000, 4000}));
}

TEST(Seal, LeavesTheNewestFileToARecorderThatHoldsTheFolder) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 2);
  const FileDescriptor held(open(path.c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.get(), LOCK_EX), 0);
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sealed, 2U);
  EXPECT_EQ(report->left, 2U);
  EXPECT_EQ(testing::names_in(path + "/cpu", "live-"),
            std::vector<std::string>{"live-000002.arrows"});
}

TEST(Seal, LeavesTheFilesOfARotationThatIsNotComplete) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 2);
  ASSERT_EQ(unlink((path + "/system/live-000002.arrows").c_str()), 0);
  const FileDescriptor held(open(path.c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.get(), LOCK_EX), 0);
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sealed, 0U);
  EXPECT_EQ(report->left, 3U);
}

TEST(Seal, LeavesATableThatAnotherSealerHas) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  const FileDescriptor held(open((path + "/cpu").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(held.get(), LOCK_EX), 0);
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sealed, 1U);
  EXPECT_EQ(report->left, 1U);
}

TEST(Seal, LosesAndDoublesNothingWhenKilledAtAnyStep) {
  for (int step = 0; step <= static_cast<int>(SealStep::live_removed); ++step) {
    const TemporaryFolder folder;
    const std::string path = folder / "a.tacho";
    write_recording(path, 2);
    const Content before = content_of(path);
    const pid_t child = fork();
    if (child == 0) {
      const auto ignored =
          seal(path, {.on_step = [&](const std::string& table, std::uint32_t number, SealStep now) {
                 if (table == "cpu" && number == 2 && static_cast<int>(now) == step) _exit(42);
               }});
      _exit(ignored ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_EQ(WEXITSTATUS(status), 42) << "step " << step << " was not reached";
    EXPECT_EQ(content_of(path), before) << "killed at step " << step;
    const auto report = seal(path);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->findings.empty());
    EXPECT_EQ(content_of(path), before) << "sealed again after step " << step;
    EXPECT_EQ(testing::names_in(path + "/cpu").size(), 2U) << "leftovers after step " << step;
    EXPECT_TRUE(testing::names_in(path + "/cpu", "live-").empty());
  }
}

TEST(Seal, KeepsADamagedLiveFileBesideThePartOfItsWholeRows) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  const std::string live = path + "/cpu/live-000001.arrows";
  const Content before = content_of(path);
  // In the middle of what is written: a batch of four rows.
  testing::flip_bit(live, 5000 * 8);
  const Content damaged = content_of(path);
  ASSERT_FALSE(damaged.findings.empty());
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->findings.empty());
  EXPECT_EQ(testing::names_in(path + "/cpu", "bad-"),
            std::vector<std::string>{"bad-live-000001.arrows"});
  const Content sealed = content_of(path);
  EXPECT_EQ(sealed.rows, damaged.rows);
  EXPECT_EQ(sealed.digest, damaged.digest);
  EXPECT_LT(sealed.rows, before.rows);
  const auto verified = verify(path);
  ASSERT_TRUE(verified);
  ASSERT_EQ(verified->findings.size(), 1U);
  EXPECT_EQ(verified->findings[0].file, "bad-live-000001.arrows");
}

TEST(Seal, TakesTheSchemaOfAnotherFileWhenALiveOnesIsDamaged) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 2);
  const Content before = content_of(path);
  testing::flip_bit(path + "/cpu/live-000001.arrows", 200 * 8);
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows, before.rows);
  EXPECT_EQ(report->findings.size(), 1U);
  EXPECT_EQ(content_of(path).digest, before.digest);
}

TEST(Seal, SealsAgainWhenAPartIsDamagedWhileItsLiveFileIsThere) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  write_recording(path, 1);
  const Content before = content_of(path);
  const std::string live = path + "/cpu/live-000001.arrows";
  std::filesystem::copy_file(live, folder / "copy");
  ASSERT_TRUE(seal(path));
  std::filesystem::copy_file(folder / "copy", live);
  testing::flip_bit(part_in(path + "/cpu"), 8000);
  const auto report = seal(path);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->sealed, 1U);
  EXPECT_EQ(report->findings.size(), 1U);
  EXPECT_EQ(content_of(path), before);
  EXPECT_EQ(testing::names_in(path + "/cpu", "bad-part-").size(), 1U);
}

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
