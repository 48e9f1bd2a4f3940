// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <string>

#include "base/places.h"

namespace tacho {
namespace {

Result<FileDescriptor> check_folder(FileDescriptor folder, const std::string& name) {
  struct stat status {};
  if (fstat(folder.get(), &status) != 0) return last_system_error("look at", name);
  if (!S_ISDIR(status.st_mode))
    return Error{ErrorCode::invalid, name + " is not a folder"};
  return folder;
}

bool is_trusted(unsigned user) {
  const Owner* caller = calling_user();
  return user == 0 || user == geteuid() || (caller != nullptr && user == caller->user);
}

// Where a link leads, if it is root's or ours: /home may be one, but in a folder of all anybody's.
Result<FileDescriptor> follow(int parent, const std::string& name, const std::string& path) {
  const FileDescriptor link(openat(parent, name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  struct stat status {};
  if (!link || fstat(link.get(), &status) != 0) return last_system_error("open the folder", path);
  if (!S_ISLNK(status.st_mode)) return system_error("open the folder", path, ENOTDIR);
  if (!is_trusted(status.st_uid))
    return Error{ErrorCode::denied, path + " is a link that belongs to another user; it is not followed"};
  char target[PATH_MAX];
  const ssize_t size = readlinkat(link.get(), "", target, sizeof target - 1);
  if (size < 0) return last_system_error("read the link", path);
  target[size] = '\0';
  FileDescriptor folder(openat(parent, target, O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the folder", path);
  return folder;
}

// The folder `name` in `parent`, made when it is not there; `path` is what messages call it.
Result<FileDescriptor> enter_or_make(int parent, const std::string& name, const std::string& path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  FileDescriptor folder(openat(parent, name.c_str(), kFlags));
  if (!folder && errno == ENOENT) {
    if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
      return last_system_error("create the folder", path);
    folder = FileDescriptor(openat(parent, name.c_str(), kFlags));
  }
  if (folder) return folder;
  return errno == ENOTDIR ? follow(parent, name, path) : last_system_error("open the folder", path);
}

}  // namespace

Result<std::string> read_descriptor(int descriptor, const std::string& name, std::size_t limit) {
  std::string text;
  std::size_t size = 0;
  while (true) {
    if (size > limit)
      return Error{ErrorCode::invalid, name + " is larger than " + std::to_string(limit) +
                                           " bytes, more than such a file can be"};
    text.resize(std::max<std::size_t>(size + size / 2, size + 4096));
    const ssize_t got = read(descriptor, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", name);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  text.resize(size);
  return text;
}

void FileDescriptor::reset() {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  return read_file_at(AT_FDCWD, path, limit);
}

Result<std::string> read_file_at(int folder, const std::string& name, std::size_t limit) {
  // O_NONBLOCK: a FIFO planted where a file should be must not hold us.
  const FileDescriptor file(openat(folder, name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return last_system_error("open", name);
  return read_descriptor(file.get(), name, limit);
}

Result<void> write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_system_error("write", "");
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void> replace_file_at(int folder, const std::string& name, std::string_view bytes, Sync sync) {
  static std::atomic<unsigned> counter{0};
  const std::string temporary =
      "." + name + "." + std::to_string(getpid()) + "." + std::to_string(counter++);
  unlinkat(folder, temporary.c_str(), 0);
  FileDescriptor file(openat(folder, temporary.c_str(),
                             O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return last_system_error("create", temporary);
  auto written = write_all(file.get(), bytes);
  if (written && sync == Sync::yes && fsync(file.get()) != 0) written = last_system_error("sync", temporary);
  if (written && renameat(folder, temporary.c_str(), folder, name.c_str()) != 0)
    written = last_system_error("rename to", name);
  if (!written) {
    unlinkat(folder, temporary.c_str(), 0);
    return written;
  }
  if (sync == Sync::yes && fsync(folder) != 0 && errno != EINVAL) return last_system_error("sync the folder of", name);
  return {};
}

Result<FileDescriptor> open_or_make_folder(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), 0700) != 0 && errno != EEXIST)
    return last_system_error("create the folder", name);
  FileDescriptor folder(
      openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return last_system_error("open the folder", name);
  struct stat status {};
  if (fstat(folder.get(), &status) != 0) return last_system_error("look at", name);
  if (status.st_uid != geteuid() && geteuid() != 0)
    return Error{ErrorCode::denied, "the folder " + name + " belongs to another user"};
  return check_folder(std::move(folder), name);
}

Result<FileDescriptor> open_or_make_path(const std::string& path) {
  FileDescriptor folder(open(path.starts_with('/') ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the folder of", path);
  std::size_t begin = path.find_first_not_of('/');
  while (begin != std::string::npos) {
    const std::size_t slash = path.find('/', begin);
    const std::size_t next = path.find_first_not_of('/', std::min(slash, path.size()));
    if (next == std::string::npos)
      return open_or_make_folder(folder.get(), path.substr(begin, slash - begin));
    folder = TRY(enter_or_make(folder.get(), path.substr(begin, slash - begin), path.substr(0, slash)));
    begin = next;
  }
  return open_or_make_folder(AT_FDCWD, path);
}

Result<std::vector<std::string>> list_folder(int folder) {
  const int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (copy < 0) return last_system_error("list", "the folder");
  DIR* stream = fdopendir(copy);
  if (stream == nullptr) {
    close(copy);
    return last_system_error("list", "the folder");
  }
  std::vector<std::string> names;
  while (const dirent* entry = readdir(stream)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace tacho
