// SPDX-License-Identifier: Apache-2.0
#include "store/zip.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>

#include "store/testing.h"

namespace tacho {
namespace {

using testing::bytes_of;
using testing::TemporaryFolder;

constexpr std::string_view kFirst = "the first one";
constexpr std::string_view kSecond = "and the second, which is longer";
// Of these two names and contents, in bytes: header, name, content; then the directory.
constexpr std::size_t kSecondHeader = 30 + 5 + kFirst.size();
constexpr std::size_t kDirectory = kSecondHeader + 30 + 8 + kSecond.size();

void write_two(const std::string& path, std::uint64_t zip64_from = kZip64From) {
  const FileDescriptor file(open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ZipWriter writer(file.get(), zip64_from);
  ASSERT_TRUE(writer.add("first", kFirst));
  ASSERT_TRUE(writer.add("b/second", kSecond));
  ASSERT_TRUE(writer.finish());
}

void write_bytes(const std::string& path, std::string_view bytes) {
  const FileDescriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  ASSERT_TRUE(write_all(file.get(), bytes));
}

Result<ZipReader> open_zip(const std::string& path) {
  return ZipReader::open(
      std::make_shared<const FileDescriptor>(open(path.c_str(), O_RDONLY | O_CLOEXEC)), path);
}

template <class Number>
void put(std::string& bytes, std::size_t at, Number value) {
  ASSERT_LE(at + sizeof value, bytes.size());
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

void expect_both(const Result<ZipReader>& zip) {
  ASSERT_TRUE(zip) << zip.error().text;
  ASSERT_EQ(zip->entries().size(), 2U);
  const ZipEntry* second = zip->find("b/second");
  ASSERT_NE(second, nullptr);
  const auto text = read_slice(zip->slice(*second), "second", 1000);
  ASSERT_TRUE(text) << text.error().text;
  EXPECT_EQ(*text, kSecond);
  EXPECT_EQ(zip->find("second"), nullptr);
}

TEST(Zip, ReadsBackWhatWasWritten) {
  const TemporaryFolder folder;
  write_two(folder / "x.zip");
  const auto zip = open_zip(folder / "x.zip");
  expect_both(zip);
  const auto foreign = zip->first_foreign_byte();
  ASSERT_TRUE(foreign);
  EXPECT_FALSE(*foreign);
}

TEST(Zip, ReadsSizesAndPlacesOf64Bits) {
  const TemporaryFolder folder;
  for (const std::uint64_t zip64_from : {0, 20, 60}) {
    write_two(folder / "x.zip", zip64_from);
    expect_both(open_zip(folder / "x.zip"));
    EXPECT_GT(bytes_of(folder / "x.zip").size(), kDirectory + 2 * 46 + 13 + 22) << zip64_from;
  }
}

TEST(Zip, GivesTheSameBytesTwice) {
  const TemporaryFolder folder;
  write_two(folder / "x.zip");
  write_two(folder / "y.zip");
  EXPECT_EQ(bytes_of(folder / "x.zip"), bytes_of(folder / "y.zip"));
}

TEST(Zip, EveryCutIsRefused) {
  const TemporaryFolder folder;
  for (const std::uint64_t zip64_from : {kZip64From, std::uint64_t{0}}) {
    write_two(folder / "x.zip", zip64_from);
    const std::string whole = bytes_of(folder / "x.zip");
    for (std::size_t size = 0; size < whole.size(); ++size) {
      write_bytes(folder / "cut.zip", whole.substr(0, size));
      const auto zip = open_zip(folder / "cut.zip");
      ASSERT_FALSE(zip) << size;
      EXPECT_EQ(zip.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(Zip, EveryFlippedBitOutsideOfTheContentIsRefusedOrFound) {
  const TemporaryFolder folder;
  write_two(folder / "x.zip");
  const std::string whole = bytes_of(folder / "x.zip");
  const auto is_content = [](std::size_t at) {
    return (at >= 35 && at < kSecondHeader) || (at >= kSecondHeader + 38 && at < kDirectory);
  };
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    if (is_content(bit / 8)) continue;
    std::string bytes = whole;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    write_bytes(folder / "y.zip", bytes);
    const auto zip = open_zip(folder / "y.zip");
    if (!zip) continue;
    const auto foreign = zip->first_foreign_byte();
    EXPECT_TRUE(!foreign || *foreign) << bit;
  }
}

struct Hostile {
  const char* what;
  std::function<void(std::string&)> change;
  const char* said;
};

TEST(Zip, HostileOnesAreRefusedInOneLine) {
  constexpr std::size_t kEntry = kDirectory, kOther = kDirectory + 46 + 5;
  constexpr std::uint32_t kHuge = 0x7FFFFFF0;
  const Hostile all[] = {
      {"compressed", [](auto& b) { put<std::uint16_t>(b, kEntry + 10, 8); }, "is compressed"},
      {"encrypted", [](auto& b) { put<std::uint16_t>(b, kEntry + 8, 1); }, "encrypted"},
      {"streamed", [](auto& b) { put<std::uint16_t>(b, kEntry + 8, 8); }, "streamed"},
      {"a link", [](auto& b) { put<std::uint32_t>(b, kEntry + 38, 0120777U << 16); }, "is a link"},
      {"a folder", [](auto& b) { put<std::uint32_t>(b, kEntry + 38, 0040755U << 16); }, "is a link"},
      {"two sizes", [](auto& b) { put<std::uint32_t>(b, kEntry + 24, 5); }, "two sizes"},
      {"too large",
       [](auto& b) {
         put(b, kEntry + 20, kHuge);
         put(b, kEntry + 24, kHuge);
       },
       "does not fit"},
      {"beyond the end", [](auto& b) { put(b, kEntry + 42, kHuge); }, "does not fit"},
      {"the bytes of another", [](auto& b) { put<std::uint32_t>(b, kOther + 42, 0); }, "contradicts"},
      {"a directory elsewhere", [](auto& b) { put(b, b.size() - 6, kHuge); }, "does not lie"},
      {"more entries", [](auto& b) { put<std::uint32_t>(b, b.size() - 14, 0x00010001); }, "entries"},
      {"no zip64 record", [](auto& b) { put<std::uint32_t>(b, b.size() - 6, 0xFFFFFFFF); }, "zip64"},
      {"another name", [](auto& b) { b[30] = 'F'; }, "another name"}};
  const TemporaryFolder folder;
  write_two(folder / "x.zip");
  const std::string whole = bytes_of(folder / "x.zip");
  for (const Hostile& hostile : all) {
    std::string bytes = whole;
    hostile.change(bytes);
    write_bytes(folder / "y.zip", bytes);
    const auto zip = open_zip(folder / "y.zip");
    ASSERT_FALSE(zip) << hostile.what;
    EXPECT_EQ(zip.error().code, ErrorCode::corrupt);
    EXPECT_NE(zip.error().text.find(hostile.said), std::string::npos) << zip.error().text;
    EXPECT_EQ(zip.error().text.find('\n'), std::string::npos);
  }
}

TEST(Zip, SizesOf64BitsAreNotBelieved) {
  const TemporaryFolder folder;
  write_two(folder / "x.zip", 0);
  std::string bytes = bytes_of(folder / "x.zip");
  constexpr std::uint64_t kHuge = 1'000'000'000'000'000'000;
  const std::size_t directory = bytes.find("PK\x01\x02");
  const std::size_t numbers = directory + 46 + 5 + 4;
  put(bytes, numbers, kHuge);
  put(bytes, numbers + 8, kHuge);
  write_bytes(folder / "y.zip", bytes);
  const auto zip = open_zip(folder / "y.zip");
  ASSERT_FALSE(zip);
  EXPECT_NE(zip.error().text.find("does not fit"), std::string::npos) << zip.error().text;
}

// The second header in the directory points at one that was hidden in the content of the first.
TEST(Zip, EntriesThatShareBytesAreRefused) {
  const TemporaryFolder folder;
  const FileDescriptor file(
      open((folder / "x.zip").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  write_two(folder / "inner.zip");
  const std::string inner = bytes_of(folder / "inner.zip").substr(0, kSecondHeader);
  ZipWriter writer(file.get());
  ASSERT_TRUE(writer.add("outer", inner));
  ASSERT_TRUE(writer.add("first", kFirst));
  ASSERT_TRUE(writer.finish());
  std::string bytes = bytes_of(folder / "x.zip");
  put<std::uint32_t>(bytes, bytes.size() - 22 - 5 - 4, 30 + 5);
  write_bytes(folder / "x.zip", bytes);
  const auto zip = open_zip(folder / "x.zip");
  ASSERT_FALSE(zip);
  EXPECT_NE(zip.error().text.find("lies over another"), std::string::npos) << zip.error().text;
}

TEST(Zip, ANameIsThereOnce) {
  const TemporaryFolder folder;
  const FileDescriptor file(
      open((folder / "x.zip").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  ZipWriter writer(file.get());
  ASSERT_TRUE(writer.add("same", kFirst));
  ASSERT_TRUE(writer.add("same", kSecond));
  ASSERT_TRUE(writer.finish());
  const auto zip = open_zip(folder / "x.zip");
  ASSERT_FALSE(zip);
  EXPECT_NE(zip.error().text.find("is there twice"), std::string::npos) << zip.error().text;
}

}  // namespace
}  // namespace tacho
