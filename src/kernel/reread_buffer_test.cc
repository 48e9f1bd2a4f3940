// SPDX-License-Identifier: Apache-2.0
#include "kernel/reread_buffer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "kernel/subfolders.h"

namespace tacho {
namespace {

class Folder {
 public:
  Folder() {
    path = std::filesystem::temp_directory_path() / "tacho-reread-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) std::abort();
    descriptor = FileDescriptor(open(path.c_str(), O_PATH | O_DIRECTORY));
  }
  ~Folder() { std::filesystem::remove_all(path); }
  void write(const std::string& name, std::string_view text) {
    std::ofstream(path + "/" + name, std::ios::trunc) << text;
  }
  std::string path;
  FileDescriptor descriptor;
};

TEST(RereadBuffer, ReadsFromTheStartAgainAndGrows) {
  Folder folder;
  folder.write("file", "one");
  const FileDescriptor file(open((folder.path + "/file").c_str(), O_RDONLY));
  RereadBuffer buffer;
  EXPECT_EQ(*buffer.read(file.get()), "one");
  const std::string large(100'000, 'x');
  folder.write("file", large);
  EXPECT_EQ(*buffer.read(file.get()), large);
  folder.write("file", "");
  EXPECT_EQ(*buffer.read(file.get()), "");
}

TEST(RereadBuffer, RefusesARunawayFile) {
  Folder folder;
  folder.write("file", std::string(2 << 20, 'x'));
  RereadBuffer buffer;
  const auto text = buffer.read_at(folder.descriptor.get(), "file");
  ASSERT_FALSE(text);
  EXPECT_EQ(text.error().code, ErrorCode::exhausted);
}

TEST(RereadBuffer, SaysAbsentForAFileThatIsNotThere) {
  Folder folder;
  RereadBuffer buffer;
  EXPECT_EQ(buffer.read_at(folder.descriptor.get(), "none").error().code, ErrorCode::absent);
}

TEST(Subfolders, AreFoldersOnly) {
  Folder folder;
  folder.write("file", "x");
  for (int i = 0; i < 1000; ++i) mkdir((folder.path + "/group" + std::to_string(i)).c_str(), 0700);
  std::filesystem::create_directory_symlink(folder.path, folder.path + "/link");
  std::size_t count = 0;
  ASSERT_TRUE(each_subfolder(folder.descriptor.get(), ".", [&](std::string_view name) {
    EXPECT_TRUE(name.starts_with("group")) << name;
    ++count;
  }));
  EXPECT_EQ(count, 1000u);
  const auto add = [&](std::string_view) { ++count; };
  ASSERT_TRUE(each_subfolder(folder.descriptor.get(), "group7", add));
  EXPECT_EQ(count, 1000u);
  EXPECT_EQ(each_subfolder(folder.descriptor.get(), "none", [](std::string_view) {}).error().code,
            ErrorCode::absent);
}

}  // namespace
}  // namespace tacho
