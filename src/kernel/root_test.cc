// SPDX-License-Identifier: Apache-2.0
#include "kernel/root.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace tacho {
namespace {

// A folder of its own, removed at the end.
class Folder {
 public:
  Folder() { path_ = mkdtemp(name_); }
  ~Folder() { std::filesystem::remove_all(path_); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path_ + "/" + name) << text;
  }
  const std::string& path() const { return path_; }

 private:
  char name_[32] = "/tmp/tacho-root-XXXXXX";
  std::string path_;
};

TEST(KernelFile, ReadsAFileOfAnySizeWholeAndAnew) {
  const Folder folder;
  const auto root = Root::open(folder.path());
  ASSERT_TRUE(root);
  for (const Records records :
       {Records::any, Records::line, Records::name_value, Records::one_piece}) {
    for (const std::size_t size : {0, 1, 1023, 1024, 1025, 3968, 3969, 4095, 4096, 20'000}) {
      folder.write("file", std::string(size, 'a'));
      auto file = root->open_file("file", records);
      ASSERT_TRUE(file);
      EXPECT_EQ(file->reread()->size(), size);
      folder.write("file", std::string(size, 'b') + "b");
      const auto again = file->reread();
      ASSERT_TRUE(again);
      EXPECT_EQ(*again, std::string(size + 1, 'b'));
    }
  }
}

// mountinfo and the like come in as many reads as they have pages; the test's own smaps is such a
// file wherever there is a kernel.
TEST(KernelFile, ReadsToTheEndWhatTheKernelHandsOutInPieces) {
  const auto root = Root::open("/");
  ASSERT_TRUE(root);
  auto file = root->open_file("proc/self/smaps");
  ASSERT_TRUE(file);
  const auto text = file->reread();
  ASSERT_TRUE(text);
  EXPECT_GT(text->size(), 4096u);
  EXPECT_NE(text->find("[stack]"), std::string_view::npos);
}

TEST(KernelFile, ReadsVmstatWholeThoughItIsNearlyAPage) {
  const auto root = Root::open("/");
  auto by_records = root->open_file("proc/vmstat", Records::name_value);
  auto to_the_end = root->open_file("proc/vmstat");
  if (!by_records || !to_the_end) GTEST_SKIP() << "no /proc/vmstat here";
  const auto lines = [](std::string_view text) { return std::ranges::count(text, '\n'); };
  EXPECT_EQ(lines(*by_records->reread()), lines(*to_the_end->reread()));
}

TEST(SharedKernelFile, IsReadOnceATurn) {
  const Folder folder;
  const auto root = Root::open(folder.path());
  folder.write("file", "first");
  auto one = root->share_file("file");
  auto other = root->share_file("/file");
  ASSERT_TRUE(one && other);
  folder.write("file", "second");
  EXPECT_EQ(*one->reread(), "second");  // nobody counts turns
  root->begin_turn();
  EXPECT_EQ(*one->reread(), "second");
  folder.write("file", "third");
  EXPECT_EQ(*other->reread(), "second");
  root->begin_turn();
  EXPECT_EQ(*other->reread(), "third");
  EXPECT_EQ(*one->reread(), "third");
}

TEST(SharedKernelFile, SaysWhyItCannotBeOpened) {
  const Folder folder;
  const auto root = Root::open(folder.path());
  const auto file = root->share_file("file");
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, ErrorCode::absent);
  folder.write("file", "here now");
  EXPECT_TRUE(root->share_file("file"));
}

}  // namespace
}  // namespace tacho
