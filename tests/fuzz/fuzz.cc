// SPDX-License-Identifier: Apache-2.0
#include "fuzz.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace tacho::fuzz {
namespace {

[[noreturn]] void give_up(std::string_view what) {
  std::fprintf(stderr, "fuzz: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

class Folder {
 public:
  Folder() {
    // In memory where there is such a place: a target writes some thousand files a second.
    const char* given = std::getenv("TACHO_FUZZ_FOLDER");
    const std::string above = given != nullptr                           ? given
                              : std::filesystem::is_directory("/dev/shm") ? "/dev/shm"
                                                                          : "/tmp";
    path_ = above + "/tacho-fuzz-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) give_up("cannot make a folder in " + above);
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace

std::vector<Target>& targets() {
  static std::vector<Target> all;
  return all;
}

const Target* find_target(std::string_view name) {
  const auto found = std::ranges::find(targets(), name, &Target::name);
  return found == targets().end() ? nullptr : &*found;
}

void expect(bool holds, std::string_view what) {
  if (!holds) give_up(what);
}

FileDescriptor memory_file(std::string_view bytes) {
  FileDescriptor file(memfd_create("input", MFD_CLOEXEC));
  if (!file || !write_all(file.get(), bytes) || lseek(file.get(), 0, SEEK_SET) != 0)
    give_up("cannot make a file in memory");
  return file;
}

std::string path_of(const FileDescriptor& file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

const std::string& memory_folder() {
  static const Folder folder;
  return folder.path();
}

void write_file(const std::string& path, std::string_view bytes) {
  const auto open_it = [&] {
    return FileDescriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  };
  FileDescriptor file = open_it();
  if (!file) {
    std::error_code ignored;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), ignored);
    file = open_it();
  }
  if (!file || !write_all(file.get(), bytes)) give_up("cannot write " + path);
}

Aligned::Aligned(std::string_view bytes) : words_(bytes.size() / 8 + 1), size_(bytes.size()) {
  std::memcpy(words_.data(), bytes.data(), bytes.size());
}

}  // namespace tacho::fuzz
