// SPDX-License-Identifier: Apache-2.0
// Nothing is lost when the sealer is killed, and damage is set aside.
#include "store/seal.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "store/columns.h"
#include "store/recording_content.h"
#include "store/segment_reader.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

using testing::Content;
using testing::content_of;
using testing::part_in;
using testing::RecordingWriter;
using testing::TemporaryFolder;
using testing::write_recording;

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

}  // namespace
}  // namespace tacho
