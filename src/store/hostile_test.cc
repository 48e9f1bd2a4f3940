// SPDX-License-Identifier: Apache-2.0
// Files that were made to hurt: whatever they say, they are left out with one line, in bounded
// memory.
#include <arrow/array/util.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <parquet/arrow/writer.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstring>
#include <fstream>

#include "journal/message.h"
#include "store/columns.h"
#include "store/segment_reader.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

constexpr std::int64_t kHuge = 1'000'000'000'000'000'000;
constexpr std::int64_t kRows = 370;  // a number that stands for nothing else in a message

// A recording with one batch of kRows rows, and the path of its live file.
std::string write_one_batch(const std::string& path) {
  auto writer = RecordingWriter::create(path, {&testing::kCpu});
  EXPECT_TRUE(writer);
  writer->begin(0);
  for (std::int64_t cpu = 0; cpu < kRows; ++cpu)
    writer->rows(testing::kCpu).append(cpu, cpu * 1000, std::optional<double>(1e9));
  EXPECT_TRUE(writer->commit());
  EXPECT_TRUE(writer->finish(0));
  return path + "/cpu/live-000001.arrows";
}

// The place of the second message (the batch) in a file, and the length of its metadata.
struct Place {
  std::size_t metadata, metadata_size;
};
Place batch_in(const std::string& bytes) {
  std::uint32_t schema_size = 0, batch_size = 0;
  std::memcpy(&schema_size, bytes.data() + 4, 4);
  std::memcpy(&batch_size, bytes.data() + 8 + schema_size + 4, 4);
  return {8 + schema_size + 8, batch_size};
}

// Makes the checksum of a changed batch right again: an attacker can.
void sign(std::string& bytes) {
  const Place place = batch_in(bytes);
  const auto all = std::as_writable_bytes(std::span(bytes));
  const auto metadata = all.subspan(place.metadata, place.metadata_size);
  const auto view = parse_message(metadata);
  ASSERT_TRUE(view && view->checksum_at);
  const auto body = all.subspan(place.metadata + place.metadata_size,
                                static_cast<std::size_t>(view->body_length));
  put_hexadecimal(metadata.subspan(*view->checksum_at, 8),
                  message_checksum(metadata, *view->checksum_at, body));
}

void expect_left_out(const std::string& recording) {
  const auto report = verify(recording);
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->rows, 0U);
  ASSERT_FALSE(report->findings.empty());
  for (const Finding& finding : report->findings)
    EXPECT_EQ(to_line(finding).find('\n'), std::string::npos) << to_line(finding);
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
#ifdef __SANITIZE_ADDRESS__
  constexpr long kMost = 900 * 1024;  // the sanitizer's own included
#else
  constexpr long kMost = 512 * 1024;  // KiB: what reading may use, and the program
#endif
  EXPECT_LT(usage.ru_maxrss, kMost);
}

TEST(Hostile, ALiveFileThatDeclaresMoreRowsThanItHolds) {
  const TemporaryFolder folder;
  const std::string live = write_one_batch(folder / "a.tacho");
  std::string bytes = testing::bytes_of(live);
  const Place place = batch_in(bytes);
  int changed = 0;
  for (std::size_t at = place.metadata; at < place.metadata + place.metadata_size; at += 8) {
    std::int64_t value = 0;
    std::memcpy(&value, bytes.data() + at, 8);
    if (value != kRows) continue;
    std::memcpy(bytes.data() + at, &kHuge, 8);
    ++changed;
  }
  EXPECT_GT(changed, 3);
  sign(bytes);
  std::ofstream(live, std::ios::binary) << bytes;
  expect_left_out(folder / "a.tacho");
}

TEST(Hostile, ALiveFileWhoseBuffersSayTheyGrowBeyondAllMemory) {
  const TemporaryFolder folder;
  const std::string live = write_one_batch(folder / "a.tacho");
  std::string bytes = testing::bytes_of(live);
  const Place place = batch_in(bytes);
  // A compressed buffer begins with its size when it is decompressed.
  std::memcpy(bytes.data() + place.metadata + place.metadata_size, &kHuge, 8);
  sign(bytes);
  std::ofstream(live, std::ios::binary) << bytes;
  expect_left_out(folder / "a.tacho");
}

// Puts `bytes` in the place of the live file as a part with the right digest in its name.
void plant_part(const TemporaryFolder& folder, const std::string& bytes) {
  const std::string live = write_one_batch(folder / "a.tacho");
  std::ofstream(live, std::ios::binary | std::ios::trunc) << bytes;
  const FileDescriptor file(open(live.c_str(), O_RDONLY));
  const auto digest = digest_of_file(file.get(), "part");
  ASSERT_TRUE(digest);
  ASSERT_EQ(rename(live.c_str(), (folder / "a.tacho/cpu/").append(part_name(1, *digest)).c_str()),
            0);
}

TEST(Hostile, APartThatIsEmptyGarbageOrAFooterAlone) {
  for (const std::string& bytes :
       {std::string(), std::string("PAR1"), std::string(1000, 'x'),
        "PAR1" + std::string("\xFF\xFF\xFF\x7F", 4) + "PAR1",
        "PAR1" + std::string(64, '\x15') + std::string("\x40\0\0\0", 4) + "PAR1"}) {
    const TemporaryFolder folder;
    plant_part(folder, bytes);
    expect_left_out(folder / "a.tacho");
  }
}

TEST(Hostile, APartThatIsParquetButNoTableOfARecording) {
  const TemporaryFolder folder;
  const std::string path = folder / "foreign.parquet";
  {
    const auto schema = arrow::schema({arrow::field("name", arrow::utf8())});
    auto file = arrow::io::FileOutputStream::Open(path).ValueOrDie();
    const std::shared_ptr<arrow::Array> values =
        arrow::MakeArrayOfNull(arrow::utf8(), 10).ValueOrDie();
    ASSERT_TRUE(parquet::arrow::WriteTable(*arrow::Table::Make(schema, {values}),
                                           arrow::default_memory_pool(), file, 10)
                    .ok());
    ASSERT_TRUE(file->Close().ok());
  }
  plant_part(folder, testing::bytes_of(path));
  expect_left_out(folder / "a.tacho");
  const auto report = verify(folder / "a.tacho");
  EXPECT_NE(to_line(report->findings[0]).find("expected a table of a tacho recording"),
            std::string::npos);
}

TEST(Hostile, ALiveFileCutAtAnyByteOfItsLastBatchKeepsTheOthers) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.tacho";
  auto writer = RecordingWriter::create(path, {&testing::kCpu});
  ASSERT_TRUE(writer);
  const std::string live = path + "/cpu/live-000001.arrows";
  std::size_t before = 0;
  for (std::uint64_t tick = 0; tick < 3; ++tick) {
    before = testing::bytes_of(live).find_last_not_of('\0') + 1 + 4;
    writer->begin(tick);
    writer->rows(testing::kCpu).append(std::int64_t(tick), std::int64_t{1}, std::nullopt);
    ASSERT_TRUE(writer->commit());
  }
  const std::string whole = testing::bytes_of(live);
  const std::size_t after = whole.find_last_not_of('\0') + 1 + 4;
  for (std::size_t size = before; size <= after; ++size) {
    std::ofstream(live, std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    const auto report = verify(path);
    ASSERT_TRUE(report);
    // Without its marker the last batch may still be whole.
    EXPECT_EQ(report->rows, size + 8 >= after ? 3U : 2U) << size << " of " << after;
    EXPECT_EQ(report->findings.empty(), size == after) << size << " of " << after;
  }
}

}  // namespace
}  // namespace tacho
