// SPDX-License-Identifier: Apache-2.0
#include "store/pack.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "store/recording_content.h"
#include "store/verify.h"

namespace tacho {
namespace {

using testing::bytes_of;
using testing::content_of;
using testing::flip_bit;
using testing::names_in;
using testing::TemporaryFolder;
using testing::write_recording;

TEST(Pack, APackedRecordingReadsAsItsFolder) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 3);
  const auto before = content_of(folder / "x.tacho");
  const auto packed = pack(folder / "x.tacho", folder / "x.tacho.zip");
  ASSERT_TRUE(packed) << packed.error().text;
  EXPECT_EQ(packed->files, 2U + 2 * 3);
  EXPECT_TRUE(packed->findings.empty());
  EXPECT_EQ(packed->size, bytes_of(folder / "x.tacho.zip").size());
  EXPECT_EQ(content_of(folder / "x.tacho.zip"), before);
  EXPECT_TRUE(before.rows > 0 && before.findings.empty());
  const auto report = verify(folder / "x.tacho.zip");
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(report->files, 6U);
  for (const Finding& finding : report->findings) ADD_FAILURE() << to_line(finding);
}

TEST(Pack, UnpackedItIsTheSameFolder) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 2);
  ASSERT_TRUE(pack(folder / "x.tacho", folder / "x.zip"));
  const auto unpacked = unpack(folder / "x.zip", folder / "y.tacho");
  ASSERT_TRUE(unpacked) << unpacked.error().text;
  EXPECT_TRUE(unpacked->findings.empty());
  EXPECT_EQ(names_in(folder / "y.tacho"), names_in(folder / "x.tacho"));
  EXPECT_EQ(names_in(folder / "y.tacho/cpu"), names_in(folder / "x.tacho/cpu"));
  for (const std::string& name : names_in(folder / "y.tacho/cpu"))
    EXPECT_EQ(bytes_of((folder / "y.tacho/cpu/") + name), bytes_of((folder / "x.tacho/cpu/") + name));
  // Packed again, the bytes are those of the first time.
  ASSERT_TRUE(pack(folder / "y.tacho", folder / "y.zip"));
  EXPECT_EQ(bytes_of(folder / "y.zip"), bytes_of(folder / "x.zip"));
}

TEST(Pack, EveryFlippedBitIsFound) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 1);
  ASSERT_TRUE(pack(folder / "x.tacho", folder / "x.zip"));
  const std::uint64_t bits = bytes_of(folder / "x.zip").size() * 8;
  // A number that shares no divisor with most sizes: places all over the file.
  for (std::uint64_t bit = 5; bit < bits; bit += 499) {
    flip_bit(folder / "x.zip", bit);
    const auto report = verify(folder / "x.zip");
    EXPECT_TRUE(!report || !report->findings.empty()) << bit;
    flip_bit(folder / "x.zip", bit);
  }
}

TEST(Pack, DamageIsPassedOverAndWrittenAsItIs) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 3);
  ASSERT_TRUE(pack(folder / "x.tacho", folder / "x.zip"));
  auto recording = RecordingFolder::open(folder / "x.zip");
  ASSERT_TRUE(recording);
  flip_bit(folder / "x.zip", (recording->find("cpu")->segments[1].offset + 300) * 8);
  const auto whole = content_of(folder / "x.tacho"), damaged = content_of(folder / "x.zip");
  EXPECT_FALSE(damaged.findings.empty());
  EXPECT_GE(damaged.rows, whole.rows - 40);
  const auto unpacked = unpack(folder / "x.zip", folder / "y.tacho");
  ASSERT_TRUE(unpacked) << unpacked.error().text;
  EXPECT_EQ(unpacked->findings.size(), 1U);
  EXPECT_EQ(content_of(folder / "y.tacho"), damaged);
}

TEST(Pack, NothingIsReplacedUnlessItMayBe) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 1);
  ASSERT_TRUE(pack(folder / "x.tacho", folder / "x.zip"));
  const std::string bytes = bytes_of(folder / "x.zip");
  const auto again = pack(folder / "x.tacho", folder / "x.zip");
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::invalid);
  EXPECT_TRUE(pack(folder / "x.tacho", folder / "x.zip", {.replace = true}));
  EXPECT_EQ(bytes_of(folder / "x.zip"), bytes);
  EXPECT_FALSE(pack(folder / "x.tacho", folder / "x.tacho", {.replace = true}));
  EXPECT_FALSE(unpack(folder / "x.zip", folder / "x.tacho"));
  EXPECT_FALSE(pack(folder / "x.zip", folder / "y.zip"));
  EXPECT_EQ(names_in(folder / "", "."), std::vector<std::string>());
}

TEST(Pack, OfARecordingThatIsBeingMadeWhatIsSealedIsPacked) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 3);
  const FileDescriptor recorder(open((folder / "x.tacho").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(recorder.get(), LOCK_EX), 0);
  const auto packed = pack(folder / "x.tacho", folder / "x.zip");
  ASSERT_TRUE(packed) << packed.error().text;
  EXPECT_EQ(packed->left, 2U);
  EXPECT_EQ(packed->files, 2U + 2 * 2);
  const auto recording = RecordingFolder::open(folder / "x.zip");
  ASSERT_TRUE(recording);
  EXPECT_TRUE(recording->facts().was_recording_when_packed);
  EXPECT_FALSE(recording->is_recording_now());
  const auto report = verify(folder / "x.zip");
  ASSERT_TRUE(report && report->findings.empty());
}

TEST(Pack, OfARecordingWithNothingSealedItSaysWhatToDo) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 1);
  const FileDescriptor recorder(open((folder / "x.tacho").c_str(), O_RDONLY | O_DIRECTORY));
  ASSERT_EQ(flock(recorder.get(), LOCK_EX), 0);
  const auto packed = pack(folder / "x.tacho", folder / "x.zip");
  ASSERT_FALSE(packed);
  EXPECT_NE(packed.error().text.find("pack it when it has ended"), std::string::npos);
  EXPECT_EQ(names_in(folder / ""), std::vector<std::string>{"x.tacho"});
}

// Names that a zip can hold and a packed recording cannot.
TEST(Unpack, NothingIsWrittenForAForeignName) {
  const TemporaryFolder folder;
  write_recording(folder / "x.tacho", 1);
  const std::string facts = bytes_of(folder / "x.tacho/recording.json");
  for (const std::string name :
       {"../evil", "/tmp/evil", "cpu/../../evil", "cpu/", "cpu", "cpu/live-000001.arrows", "captured/x",
        "cpu/part-000001-0123456789abcdef.parquet/x", "cpu//part-000001-0123456789abcdef.parquet",
        "./cpu/part-000001-0123456789abcdef.parquet", "cpu/part-1-0123456789abcdef.parquet", "",
        "cpu/bad-part-000001-0123456789abcdef.parquet"}) {
    {
      const FileDescriptor file(
          open((folder / "x.zip").c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
      ZipWriter writer(file.get());
      ASSERT_TRUE(writer.add("recording.json", facts));
      ASSERT_TRUE(writer.add(name, "evil"));
      ASSERT_TRUE(writer.finish());
    }
    const auto unpacked = unpack(folder / "x.zip", folder / "y.tacho");
    ASSERT_FALSE(unpacked) << name;
    EXPECT_EQ(unpacked.error().code, ErrorCode::corrupt);
    EXPECT_NE(unpacked.error().text.find("no file of a packed recording"), std::string::npos);
    EXPECT_EQ(names_in(folder / ""), (std::vector<std::string>{"x.tacho", "x.zip"}));
  }
}

}  // namespace
}  // namespace tacho
