// SPDX-License-Identifier: Apache-2.0
#include "kernel/subfolders.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "base/file.h"

namespace tacho {
namespace {

// A few hundred names at a call; small enough for a thread's stack.
constexpr std::size_t kBuffer = 16384;

bool is_folder(int folder, const dirent64& entry) {
  if (entry.d_type != DT_UNKNOWN) return entry.d_type == DT_DIR;
  struct stat status {};
  return fstatat(folder, entry.d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
         S_ISDIR(status.st_mode);
}

}  // namespace

Result<void> each_subfolder(int folder, const char* path,
                            const std::function<void(std::string_view name)>& take) {
  // A folder has a link from itself, one from above, and one from each folder in it. Most control
  // groups are leaves, and to ask this costs a quarter of listing them.
  struct stat status {};
  if (fstatat(folder, path, &status, 0) == 0 && status.st_nlink == 2) return {};
  const FileDescriptor opened(openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!opened) return last_system_error("open the folder", path);
  alignas(dirent64) char buffer[kBuffer];
  while (true) {
    const ssize_t got = getdents64(opened.get(), buffer, sizeof buffer);
    if (got < 0) return last_system_error("list", path);
    if (got == 0) return {};
    for (ssize_t at = 0; at < got;) {
      const auto& entry = *reinterpret_cast<const dirent64*>(buffer + at);
      at += entry.d_reclen;
      const std::string_view name(entry.d_name);
      if (name != "." && name != ".." && is_folder(opened.get(), entry)) take(name);
    }
  }
}

}  // namespace tacho
