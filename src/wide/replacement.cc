// SPDX-License-Identifier: Apache-2.0
#include "wide/replacement.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace tacho {
namespace {

// Small writes are gathered: a page of a column is a few hundred bytes.
constexpr std::size_t kBuffer = 32 << 10;

// Where the kernel cannot copy between these files, we do.
Result<std::uint64_t> copy_by_hand(int from, std::uint64_t offset, std::uint64_t size, int to,
                                   const std::string& path) {
  char buffer[32 << 10];
  const ssize_t got =
      pread(from, buffer, std::min<std::uint64_t>(size, sizeof buffer), static_cast<off_t>(offset));
  if (got < 0) return last_system_error("read", path);
  TRY(write_all(to, std::string_view(buffer, static_cast<std::size_t>(got))));
  return static_cast<std::uint64_t>(got);
}

}  // namespace

Result<Replacement> Replacement::create(const std::string& path) {
  Replacement made;
  made.path_ = path;
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "."
                             : slash == 0               ? "/"
                                                        : path.substr(0, slash);
  made.name_ = path.substr(slash == std::string::npos ? 0 : slash + 1);
  made.temporary_ = "." + made.name_ + ".new";
  made.folder_ = FileDescriptor(open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!made.folder_) return last_system_error("open the folder", folder);
  unlinkat(made.folder_.get(), made.temporary_.c_str(), 0);
  made.file_ = FileDescriptor(openat(made.folder_.get(), made.temporary_.c_str(),
                                     O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!made.file_) return last_system_error("create", folder + "/" + made.temporary_);
  struct stat old{}, above{};
  // Where all may write, anybody may have put a file there whose owner would get what we write.
  const bool is_shared = fstat(made.folder_.get(), &above) != 0 || (above.st_mode & S_IWOTH) != 0;
  if (fstatat(made.folder_.get(), made.name_.c_str(), &old, AT_SYMLINK_NOFOLLOW) == 0 &&
      S_ISREG(old.st_mode)) {
    // Without the right to give it away it stays ours, and then so does its mode.
    const bool has_owner =
        old.st_uid == geteuid() ||
        (!is_shared && fchown(made.file_.get(), old.st_uid, old.st_gid) == 0);
    if (has_owner) fchmod(made.file_.get(), old.st_mode & 0777);
  }
  return made;
}

Replacement::~Replacement() {
  if (file_ && !is_committed_) unlinkat(folder_.get(), temporary_.c_str(), 0);
}

Result<void> Replacement::flush() {
  TRY(write_all(file_.get(), buffer_));
  buffer_.clear();
  return {};
}

Result<void> Replacement::write(std::string_view bytes) {
  buffer_.append(bytes);
  size_ += bytes.size();
  return buffer_.size() < kBuffer ? Result<void>() : flush();
}

Result<void> Replacement::copy(int from, std::uint64_t offset, std::uint64_t size) {
  TRY(flush());
  std::uint64_t left = size;
  while (left > 0) {
    auto at = static_cast<off_t>(offset + size - left);
    const ssize_t copied = copy_file_range(from, &at, file_.get(), nullptr, left, 0);
    std::uint64_t done = copied > 0 ? static_cast<std::uint64_t>(copied) : 0;
    if (copied < 0 && errno == EINTR) continue;
    if (copied < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EIO))
      return last_system_error("write", path_);
    if (copied <= 0) done = TRY(copy_by_hand(from, offset + size - left, left, file_.get(), path_));
    if (done == 0)
      return Error{ErrorCode::corrupt, path_ +
                                           " became shorter while it was written: another program "
                                           "changed it"};
    left -= done;
    size_ += done;
  }
  return {};
}

Result<FileDescriptor> Replacement::commit() {
  TRY(flush());
  if (fsync(file_.get()) != 0) return last_system_error("sync", path_);
  if (renameat(folder_.get(), temporary_.c_str(), folder_.get(), name_.c_str()) != 0)
    return last_system_error("rename to", path_);
  is_committed_ = true;
  if (fsync(folder_.get()) != 0 && errno != EINVAL)
    return last_system_error("sync the folder of", path_);
  return std::move(file_);
}

}  // namespace tacho
