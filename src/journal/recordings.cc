// SPDX-License-Identifier: Apache-2.0
#include "journal/recordings.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <ranges>
#include <set>

#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "base/units.h"
#include "journal/format.h"

namespace tacho {
namespace {

// In the usual place: paths of recordings that lie elsewhere, one escaped a line.
constexpr std::string_view kElsewhereName = ".elsewhere";
// Of recordings that a name may mean: more would push the first ones off a small terminal.
constexpr std::size_t kShownChoices = 10;
// Bytes of a name in a message.
constexpr std::size_t kShownName = 200;

std::vector<std::string> all_paths() {
  std::vector<std::string> paths;
  const std::string place = usual_place();
  const FileDescriptor folder(open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return paths;
  if (const auto names = list_folder(folder.get()))
    for (const std::string& name : *names)
      if (name.ends_with(kRecordingSuffix)) paths.push_back(place + "/" + name);
  const auto elsewhere = read_file_at(folder.get(), std::string(kElsewhereName));
  std::string_view rest = elsewhere ? std::string_view(*elsewhere) : std::string_view();
  std::set<std::string> known;
  while (!rest.empty()) {
    std::string path = unescaped(take_until(rest, '\n'));
    // Gone, or moved: no longer ours to list.
    if (path.starts_with('/') && access(path.c_str(), F_OK) == 0 && known.insert(path).second)
      paths.push_back(std::move(path));
  }
  return paths;
}

bool is_folder_or_file(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && (S_ISDIR(status.st_mode) || S_ISREG(status.st_mode));
}

// "@last", "@prev" or "@3": its place in the list, from 0.
std::optional<std::size_t> index_of(std::string_view name) {
  if (name == "@last") return 0;
  if (name == "@prev") return 1;
  const auto number = parse_integer<std::size_t>(name.substr(1));
  if (!number || *number == 0) return std::nullopt;
  return *number - 1;
}

// What could be meant, newest first, a line each.
Error is_ambiguous(const std::string& name, const std::vector<ListedRecording>& fitting) {
  std::string text = std::to_string(fitting.size()) + " recordings begin with '" +
                     escaped(name, kShownName) + "':";
  for (const ListedRecording& recording : fitting | std::views::take(kShownChoices))
    text += "\n  " + escaped(recording.name(), kShownName) + "  started " +
            format_time(Nanoseconds(recording.facts.start_time),
                        recording.facts.is_utc ? Zone::utc : Zone::local, 0);
  if (fitting.size() > kShownChoices)
    text += "\n  and " + std::to_string(fitting.size() - kShownChoices) +
            " older ones ('tacho list' shows them)";
  return {ErrorCode::absent, std::move(text)};
}

}  // namespace

Result<ListedRecording> look_at_recording(const std::string& path) {
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the recording", path);
  const std::string text = TRY(read_file_at(folder.get(), std::string(kFactsName)));
  ListedRecording found{.path = path};
  found.facts = TRY(parse_facts(text));
  // A recorder holds the lock exclusively; a shared try tells, and leaves other readers alone.
  found.is_recording_now = flock(folder.get(), LOCK_SH | LOCK_NB) != 0;
  return found;
}

std::vector<ListedRecording> list_recordings() {
  std::vector<ListedRecording> found;
  for (const std::string& path : all_paths()) {
    auto recording = look_at_recording(path);
    if (recording) {
      found.push_back(std::move(*recording));
    } else {
      found.push_back({.path = path, .trouble = recording.error().text});
    }
  }
  std::ranges::stable_sort(found, std::ranges::greater(), [](const ListedRecording& recording) {
    return std::pair(recording.facts.start_time, recording.path);
  });
  return found;
}

Result<std::string> find_recording(const std::string& name) {
  if (name.empty())
    return Error{ErrorCode::invalid, "a recording is wanted: a folder, a name or @last"};
  if (!name.starts_with('@') && (name.find('/') != std::string::npos || is_folder_or_file(name)))
    return name;
  std::vector<ListedRecording> recordings = list_recordings();
  std::erase_if(recordings, [](const ListedRecording& recording) { return !recording.trouble.empty(); });
  if (name.starts_with('@')) {
    const auto index = index_of(name);
    if (!index)
      return Error{ErrorCode::invalid, name + " is not @last, @prev or @ with a number from 1"};
    if (*index < recordings.size()) return recordings[*index].path;
    return Error{ErrorCode::absent, "there is no " + name + ": " + std::to_string(recordings.size()) +
                                        " recordings in " + usual_place()};
  }
  for (const ListedRecording& recording : recordings)
    if (recording.name() == name) return recording.path;
  std::erase_if(recordings, [&](const ListedRecording& recording) {
    return !recording.name().starts_with(name);
  });
  if (recordings.size() == 1) return recordings.front().path;
  if (!recordings.empty()) return is_ambiguous(name, recordings);
  return Error{ErrorCode::absent, "there is no folder or file '" + escaped(name, kShownName) +
                                      "' and no recording whose name begins so ('tacho list' shows "
                                      "them)"};
}

void note_elsewhere(const std::string& path) {
  const auto place = open_or_make_path(usual_place());
  if (!place) return;
  const FileDescriptor file(openat(place->get(), std::string(kElsewhereName).c_str(),
                                   O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  // Under sudo the folder is the caller's, who may have put anything there.
  struct stat status {};
  const bool is_ours = file && fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
  if (is_ours) (void)write_all(file.get(), escaped(path) + "\n");
}

}  // namespace tacho
