// SPDX-License-Identifier: Apache-2.0
#include "store/new_place.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/places.h"
#include "base/text.h"

namespace tacho {
namespace {

// A folder's files and those of its folders: as deep as a recording goes.
void remove_files(int folder, int depth) {
  const auto names = list_folder(folder);
  if (!names) return;
  for (const std::string& name : *names) {
    if (unlinkat(folder, name.c_str(), 0) == 0 || depth == 0) continue;
    const FileDescriptor inner(
        openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (inner) remove_files(inner.get(), depth - 1);
    unlinkat(folder, name.c_str(), AT_REMOVEDIR);
  }
}

}  // namespace

Result<void> give_to_calling_user(int descriptor, const std::string& name) {
  const Owner* owner = calling_user();
  if (owner != nullptr && fchown(descriptor, owner->user, owner->group) != 0)
    return last_system_error("give away", escaped(name));
  return {};
}

Error NewPlace::is_there() const {
  const std::string what = kind_ == Kind::file ? "add --force to replace it, or name another file with -o"
                                               : "name another folder with -o";
  return {ErrorCode::invalid, escaped(path_) + " is there already: " + what, EEXIST};
}

Result<NewPlace> NewPlace::create(const std::string& path, Kind kind, bool replace) {
  NewPlace self;
  self.path_ = path;
  self.kind_ = kind;
  self.replace_ = replace;
  const std::size_t slash = path.find_last_of('/');
  self.name_ = slash == std::string::npos ? path : path.substr(slash + 1);
  const std::string parent = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  if (self.name_.empty() || self.name_ == "." || self.name_ == "..")
    return Error{ErrorCode::invalid, "'" + escaped(path) + "' cannot be the name of something new"};
  self.parent_ = FileDescriptor(open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!self.parent_) return last_system_error("open the folder", escaped(parent));
  struct stat status{};
  if (fstatat(self.parent_.get(), self.name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
      (!replace || S_ISDIR(status.st_mode)))
    return self.is_there();
  const std::string temporary = ".tacho-new-" + std::to_string(getpid());
  const bool is_folder = kind == Kind::folder;
  const int flags = is_folder ? O_RDONLY | O_DIRECTORY : O_RDWR | O_CREAT | O_EXCL;
  if (is_folder && mkdirat(self.parent_.get(), temporary.c_str(), 0700) != 0)
    return last_system_error("create", escaped(path));
  self.descriptor_ = FileDescriptor(
      openat(self.parent_.get(), temporary.c_str(), flags | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!self.descriptor_) return last_system_error("create", escaped(path));
  self.temporary_ = temporary;
  TRY(give_to_calling_user(self.descriptor(), path));
  return self;
}

NewPlace::NewPlace(NewPlace&& other) noexcept
    : path_(std::move(other.path_)),
      name_(std::move(other.name_)),
      temporary_(std::exchange(other.temporary_, "")),
      kind_(other.kind_),
      replace_(other.replace_),
      parent_(std::move(other.parent_)),
      descriptor_(std::move(other.descriptor_)) {}

NewPlace::~NewPlace() {
  if (temporary_.empty()) return;
  if (kind_ == Kind::folder) remove_files(descriptor(), 1);
  unlinkat(parent_.get(), temporary_.c_str(), kind_ == Kind::folder ? AT_REMOVEDIR : 0);
}

Result<void> NewPlace::publish() {
  if (fsync(descriptor()) != 0 && errno != EINVAL) return last_system_error("sync", escaped(path_));
  const int parent = parent_.get();
  const char *from = temporary_.c_str(), *to = name_.c_str();
  bool is_done = renameat2(parent, from, parent, to, replace_ ? 0 : RENAME_NOREPLACE) == 0;
  // File systems without that flag: a link replaces nothing either, nor does an empty folder's name.
  if (!is_done && errno == EINVAL && !replace_)
    is_done = kind_ == Kind::folder ? mkdirat(parent, to, 0700) == 0 && renameat(parent, from, parent, to) == 0
                                    : linkat(parent, from, parent, to, 0) == 0 && unlinkat(parent, from, 0) == 0;
  if (!is_done && errno == EEXIST) return is_there();
  if (!is_done) return last_system_error("rename to", escaped(path_));
  temporary_.clear();
  if (fsync(parent) != 0 && errno != EINVAL) return last_system_error("sync the folder of", escaped(path_));
  return {};
}

}  // namespace tacho
