// SPDX-License-Identifier: Apache-2.0
#include "recorder/retention.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <vector>

#include "base/file.h"
#include "base/units.h"
#include "journal/facts.h"
#include "journal/format.h"

namespace tacho {
namespace {

// All files of one number of one recording: they are deleted together.
struct Segment {
  std::string recording;
  std::uint32_t number = 0;
  bool quarantined = false;
  bool is_newest = false;      // of its recording
  std::int64_t newest_change = 0;  // ns since 1970
  std::int64_t bytes = 0;
  std::vector<std::string> files;  // TABLE/NAME
};

std::int64_t changed_at(const struct stat& status) {
  return status.st_mtim.tv_sec * std::int64_t{1'000'000'000} + status.st_mtim.tv_nsec;
}

FileDescriptor open_folder_at(int folder, const std::string& name) {
  return FileDescriptor(
      openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
}

// The segments of the recording in `folder`.
std::vector<Segment> segments_of(int folder, const std::string& recording) {
  std::map<std::pair<std::uint32_t, bool>, Segment> found;
  const auto tables = list_folder(folder);
  if (!tables) return {};
  std::uint32_t newest = 0;
  for (const std::string& table : *tables) {
    const FileDescriptor place = open_folder_at(folder, table);
    if (!place) continue;
    const auto names = list_folder(place.get());
    if (!names) continue;
    for (const std::string& name : *names) {
      const auto parsed = parse_segment_name(name);
      struct stat status {};
      if (!parsed || fstatat(place.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
      const bool bad = parsed->kind == SegmentName::Kind::bad;
      Segment& segment = found[{parsed->number, bad}];
      segment.recording = recording;
      segment.number = parsed->number;
      segment.quarantined = bad;
      segment.newest_change = std::max(segment.newest_change, changed_at(status));
      segment.bytes += status.st_blocks * 512;
      segment.files.push_back(table + "/" + name);
      newest = std::max(newest, parsed->number);
    }
  }
  std::vector<Segment> segments;
  for (auto& [key, segment] : found) {
    segment.is_newest = segment.number == newest;
    segments.push_back(std::move(segment));
  }
  return segments;
}

bool belongs_to(int folder, std::string_view name) {
  const auto text = read_file_at(folder, std::string(kFactsName), std::size_t{4} << 20);
  if (!text) return false;
  const auto facts = parse_facts(*text);
  return facts && facts->name == name;
}

struct Series {
  FileDescriptor parent;
  std::string current;  // the folder's name
  std::vector<Segment> segments;  // oldest first, quarantined ones last
};

Series read_series(const std::string& path, std::string_view name) {
  Series series;
  const std::size_t slash = path.find_last_of('/');
  series.current = path.substr(slash + 1);
  series.parent = FileDescriptor(
      open(path.substr(0, slash).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!series.parent) return series;
  const auto names = list_folder(series.parent.get());
  if (!names) return series;
  for (const std::string& entry : *names) {
    if (!entry.ends_with(kRecordingSuffix)) continue;
    const FileDescriptor folder = open_folder_at(series.parent.get(), entry);
    if (!folder || !belongs_to(folder.get(), name)) continue;
    const bool is_current = entry == series.current;
    // Another recorder holds the lock of its own folder: that is its business.
    if (!is_current && flock(folder.get(), LOCK_EX | LOCK_NB) != 0) continue;
    for (Segment& segment : segments_of(folder.get(), entry))
      if (!is_current || !segment.is_newest) series.segments.push_back(std::move(segment));
  }
  std::ranges::sort(series.segments, [](const Segment& a, const Segment& b) {
    return std::pair(a.quarantined, a.newest_change) < std::pair(b.quarantined, b.newest_change);
  });
  return series;
}

// What a recorder and its sealing leave behind when they are killed.
bool is_leftover(const std::string& name) {
  return name.starts_with(".live-") || name.starts_with(".seal-") || name == kReserveName ||
         name.starts_with("." + std::string(kFactsName));
}

void remove_files(int folder) {
  if (const auto names = list_folder(folder))
    for (const std::string& name : *names) unlinkat(folder, name.c_str(), 0);
}

// True when nothing is in the folder that somebody may still want.
bool holds_nothing(int folder) {
  const auto names = list_folder(folder);
  return names && std::ranges::all_of(*names, is_leftover);
}

// Removes the folder of a recording whose rows are gone. Whatever else somebody put there keeps it.
void remove_if_empty(int parent, const std::string& recording) {
  const FileDescriptor folder = open_folder_at(parent, recording);
  if (!folder || !segments_of(folder.get(), recording).empty()) return;
  const auto names = list_folder(folder.get());
  if (!names) return;
  for (const std::string& name : *names) {
    const FileDescriptor table = open_folder_at(folder.get(), name);
    if (table ? !holds_nothing(table.get()) : name != kFactsName && !is_leftover(name)) return;
  }
  for (const std::string& name : *names) {
    const FileDescriptor table = open_folder_at(folder.get(), name);
    if (table) {
      remove_files(table.get());
      unlinkat(folder.get(), name.c_str(), AT_REMOVEDIR);
    } else {
      unlinkat(folder.get(), name.c_str(), 0);
    }
  }
  unlinkat(parent, recording.c_str(), AT_REMOVEDIR);
}

std::int64_t bytes_of(const std::string& path) {
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  std::int64_t bytes = 0;
  if (folder)
    for (const Segment& segment : segments_of(folder.get(), "")) bytes += segment.bytes;
  return bytes;
}

}  // namespace

void apply_retention(const std::string& path, std::string_view name, const Retention& retention,
                     Nanoseconds now, EventQueue& events) {
  if (!retention.time && !retention.bytes) return;
  const Series series = read_series(path, name);
  std::int64_t total = bytes_of(path);
  for (const Segment& segment : series.segments)
    if (segment.recording != series.current) total += segment.bytes;
  std::int64_t deleted = 0, deleted_bytes = 0;
  for (const Segment& segment : series.segments) {
    const bool too_old =
        retention.time && segment.newest_change < (now - *retention.time).count();
    const bool too_many = retention.bytes && total > *retention.bytes;
    if (!too_old && !too_many) continue;
    const FileDescriptor folder = open_folder_at(series.parent.get(), segment.recording);
    for (const std::string& file : segment.files)
      deleted += unlinkat(folder.get(), file.c_str(), 0) == 0;
    total -= segment.bytes;
    deleted_bytes += segment.bytes;
    if (segment.recording != series.current) remove_if_empty(series.parent.get(), segment.recording);
  }
  if (deleted > 0)
    events.push({.name = "retention",
                 .body = "deleted " + std::to_string(deleted) + " files, " +
                         format_size(deleted_bytes) + ", the oldest of the series, as --retain asks",
                 .count = deleted});
}

}  // namespace tacho
