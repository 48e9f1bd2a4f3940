// SPDX-License-Identifier: Apache-2.0
// What the journals ask of the kernel when they are synced. The calls are ours here: they are noted, and may
// fail, before the kernel has them.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <map>

#include "journal/encoder.h"
#include "journal/journal_file.h"
#include "journal/message.h"

namespace {

std::vector<std::string> calls;          // "write-back" and "sync", each with the file's number
std::map<std::string, int> errors;       // what such a call fails with
long file_system = EXT4_SUPER_MAGIC;

std::string number_of(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  return size > 0 ? std::string(path + size - 1, 1) : "?";
}

bool fails(const std::string& call, int descriptor) {
  calls.push_back(call + " " + number_of(descriptor));
  const auto found = errors.find(calls.back());
  if (found == errors.end()) return false;
  errno = found->second;
  return true;
}

}  // namespace

extern "C" {

int fdatasync(int descriptor) {
  return fails("sync", descriptor) ? -1 : static_cast<int>(syscall(SYS_fdatasync, descriptor));
}

int sync_file_range(int descriptor, off64_t, off64_t, unsigned flags) {
  return (flags & SYNC_FILE_RANGE_WAIT_AFTER) != 0 && fails("write-back", descriptor) ? -1 : 0;
}

int fstatfs(int descriptor, struct statfs* found) noexcept {
  const auto result = static_cast<int>(syscall(SYS_fstatfs, descriptor, found));
  found->f_type = file_system;
  return result;
}

}  // extern "C"

namespace tacho {
namespace {

using Calls = std::vector<std::string>;

constexpr Column kColumns[] = {counter("reads", Unit::count, "How many.")};
constexpr Table kTable{.name = "sample", .help = "A table of the tests.", .columns = kColumns};

class JournalSync : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/tacho-journal-XXXXXX";
    ASSERT_NE(mkdtemp(path), nullptr);
    path_ = path;
    file_system = EXT4_SUPER_MAGIC;
    errors.clear();
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  // Three files, which had their first sync when this is over.
  void begin() {
    const FileDescriptor folder(open(path_.c_str(), O_RDONLY | O_DIRECTORY));
    for (int number = 0; number < 3; ++number) {
      const auto schema = encode_schema(kTable, "0123456789abcdef0123456789abcdef", 1);
      ASSERT_TRUE(schema);
      auto made = JournalFile::create(folder.get(), "live-" + std::to_string(number), *schema);
      ASSERT_TRUE(made) << made.error().text;
      files_.push_back(std::move(*made));
    }
    for (JournalFile& file : files_) ASSERT_TRUE(file.write_ahead());
    EXPECT_EQ(sync(), (Calls{"sync 0", "sync 1", "sync 2"}));
  }
  void append(int number, int batches = 1) {
    auto encoder = BatchEncoder::create(kTable);
    ASSERT_TRUE(encoder);
    Rows rows(kTable);
    for (int batch = 0; batch < batches; ++batch) {
      rows.begin({.tick = files_[number].batches(), .time = 1, .boottime = 1});
      rows.append(std::int64_t{batch});
      Bytes bytes;
      encoder->encode(rows, bytes);
      encoder->finish(bytes, files_[number].batches());
      ASSERT_TRUE(files_[number].append(bytes));
    }
  }
  // What was called; errors are in `told_`.
  Calls sync() {
    std::vector<JournalFile*> files;
    for (JournalFile& file : files_) files.push_back(&file);
    calls.clear();
    told_ = 0;
    sync_journals(files, [this](const Error&) { ++told_; });
    return calls;
  }

  std::string path_;
  std::vector<JournalFile> files_;
  int told_ = 0;
};

TEST_F(JournalSync, AsksTheDeviceOnceForAllThatOnlyHaveNewBatches) {
  begin();
  for (int number = 0; number < 3; ++number) append(number);
  EXPECT_EQ(sync(), (Calls{"write-back 0", "write-back 1", "write-back 2", "sync 2"}));
  append(1);
  EXPECT_EQ(sync(), (Calls{"write-back 1", "sync 1"}));
  EXPECT_EQ(sync(), Calls());  // nothing new
  EXPECT_EQ(told_, 0);
}

TEST_F(JournalSync, SyncsAFileThatGrewWithItsNotes) {
  begin();
  append(0);
  append(1, 1000);
  append(2);
  EXPECT_EQ(sync(), (Calls{"write-back 0", "write-back 2", "sync 1"}));
  ASSERT_TRUE(files_[1].write_ahead());
  EXPECT_EQ(sync(), Calls{"sync 1"});
  append(1);
  EXPECT_EQ(sync(), (Calls{"write-back 1", "sync 1"}));
}

TEST_F(JournalSync, SyncsEachWhereTheFileSystemMovesWhatIsWritten) {
  file_system = BTRFS_SUPER_MAGIC;
  begin();
  for (int number = 0; number < 3; ++number) append(number);
  EXPECT_EQ(sync(), (Calls{"sync 0", "sync 1", "sync 2"}));
}

TEST_F(JournalSync, BreaksTheFileWhoseBatchesDidNotReachTheDevice) {
  begin();
  for (int number = 0; number < 3; ++number) append(number);
  errors["write-back 1"] = EIO;
  EXPECT_EQ(sync(), (Calls{"write-back 0", "write-back 1", "write-back 2", "sync 2"}));
  EXPECT_EQ(told_, 1);
  EXPECT_FALSE(files_[0].is_broken());
  EXPECT_TRUE(files_[1].is_broken());
  EXPECT_FALSE(files_[0].needs_sync());
}

TEST_F(JournalSync, SyncsEachWhereTheCallIsForbidden) {
  begin();
  for (int number = 0; number < 3; ++number) append(number);
  for (const char* number : {"0", "1", "2"}) errors[std::string("write-back ") + number] = EPERM;
  EXPECT_EQ(sync(), (Calls{"write-back 0", "write-back 1", "write-back 2", "sync 0", "sync 1", "sync 2"}));
  EXPECT_EQ(told_, 0);
  for (const JournalFile& file : files_) EXPECT_FALSE(file.needs_sync() || file.is_broken());
}

TEST_F(JournalSync, AsksTheDeviceAgainWhenTheFirstTimeFailed) {
  begin();
  for (int number = 0; number < 3; ++number) append(number);
  errors["sync 2"] = EIO;
  EXPECT_EQ(sync(), (Calls{"write-back 0", "write-back 1", "write-back 2", "sync 2", "sync 0", "sync 1"}));
  EXPECT_EQ(told_, 1);
  EXPECT_TRUE(files_[2].is_broken());
  EXPECT_FALSE(files_[0].is_broken() || files_[0].needs_sync());
}

}  // namespace
}  // namespace tacho
