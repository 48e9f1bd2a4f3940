// SPDX-License-Identifier: Apache-2.0
#include "recorder/place.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "base/places.h"
#include "journal/format.h"

namespace tacho {
namespace {

std::string date_of(Nanoseconds time) {
  const time_t seconds = static_cast<time_t>(time.count() / 1'000'000'000);
  tm parts{};
  localtime_r(&seconds, &parts);
  char text[32];
  strftime(text, sizeof text, "%Y%m%d-%H%M%S", &parts);
  return text;
}

// Only what cannot surprise in a file name or a command line.
std::string safe_name(std::string_view name) {
  std::string result;
  for (const char c : name)
    result.push_back(isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_' || c == '.'
                         ? c
                         : '_');
  if (result.empty() || result.front() == '.' || result.front() == '-') result.insert(0, "_");
  return result.substr(0, 64);
}

Result<void> refuse_writable_by_others(const FileDescriptor& folder, const std::string& path) {
  struct stat status {};
  if (fstat(folder.get(), &status) != 0) return last_system_error("look at", path);
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return Error{ErrorCode::denied, "others can write into " + path +
                                        "; make it private (chmod 700) or name another place with "
                                        "--output"};
  return {};
}

Result<RecordingPlace> lock(FileDescriptor folder, const std::string& path) {
  TRY(refuse_of_another(folder, path));
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::exhausted, "another tacho is recording into " + path, errno};
  const auto names = list_folder(folder.get());
  if (!names) return Error(names.error());
  if (!names->empty())
    return Error{ErrorCode::invalid,
                 path + " is not empty; a recording needs a folder of its own and is never continued"};
  char absolute[PATH_MAX];
  const std::string self = "/proc/self/fd/" + std::to_string(folder.get());
  const ssize_t size = readlink(self.c_str(), absolute, sizeof absolute);
  const std::string full = size > 0 ? std::string(absolute, static_cast<std::size_t>(size)) : path;
  return RecordingPlace{std::move(folder), full};
}

Result<RecordingPlace> make_named(const std::string& output) {
  std::string path = output;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  if (!path.ends_with(kRecordingSuffix)) path.append(kRecordingSuffix);
  const std::size_t slash = path.find_last_of('/');
  if (slash != std::string::npos && slash > 0) {
    FileDescriptor above(open(path.substr(0, slash).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!above) return last_system_error("open the folder", path.substr(0, slash));
  }
  return lock(TRY(open_or_make_folder(AT_FDCWD, path)), path);
}

}  // namespace

Result<void> refuse_of_another(const FileDescriptor& folder, const std::string& path) {
  struct stat status {};
  if (fstat(folder.get(), &status) != 0) return last_system_error("look at", path);
  const Owner* caller = calling_user();
  if (status.st_uid == geteuid() || (caller != nullptr && status.st_uid == caller->user)) return {};
  return Error{ErrorCode::denied, "the folder " + path + " belongs to another user"};
}

Result<RecordingPlace> make_recording_place(std::string_view output, std::string_view name,
                                            Nanoseconds time) {
  if (!output.empty()) return make_named(std::string(output));
  const std::string place = usual_place();
  const FileDescriptor above = TRY(open_or_make_path(place));
  TRY(refuse_of_another(above, place));
  TRY(refuse_writable_by_others(above, place));
  const std::string stem = safe_name(name) + "-" + date_of(time);
  // Two in one second get a number behind the time.
  for (int attempt = 1; attempt < 100; ++attempt) {
    const std::string folder = stem + (attempt == 1 ? "" : "-" + std::to_string(attempt)) +
                               std::string(kRecordingSuffix);
    if (mkdirat(above.get(), folder.c_str(), 0700) == 0)
      return lock(TRY(open_or_make_folder(above.get(), folder)), place + "/" + folder);
    if (errno != EEXIST) return last_system_error("create the folder", place + "/" + folder);
  }
  return Error{ErrorCode::exhausted, "there are 99 recordings named " + stem + " already"};
}

}  // namespace tacho
