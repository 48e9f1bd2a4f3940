// SPDX-License-Identifier: Apache-2.0
#include "store/recording_folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>

#include "base/text.h"
#include "journal/format.h"
#include "store/pack.h"

namespace tacho {
namespace {

constexpr std::string_view kExpected =
    "expected a folder NAME.tacho with recording.json in it, or a file that tacho pack made";

bool is_older(const Segment& a, const Segment& b) { return a.number < b.number; }

// Of files with the same number the part counts; of two parts none is known to be the right one,
// and the first by name is taken.
void settle_numbers(TableFolder& table, std::vector<Segment> all, std::vector<Finding>& findings) {
  std::map<std::uint32_t, Segment> chosen;
  for (Segment& segment : all) {
    auto [place, added] = chosen.try_emplace(segment.number, segment);
    if (added) continue;
    if (place->second.kind == segment.kind) {
      findings.push_back({.table = table.name,
                          .file = segment.name,
                          .what = "a second part of the same number; left out",
                          .bytes = segment.size});
    } else if (segment.kind == Segment::Kind::part) {
      table.superseded.push_back(std::exchange(place->second, segment));
    } else {
      table.superseded.push_back(segment);
    }
  }
  for (auto& [number, segment] : chosen) table.segments.push_back(std::move(segment));
  std::ranges::sort(table.segments, is_older);
}

void report_missing_numbers(const TableFolder& table, std::vector<Finding>& findings) {
  for (std::size_t index = 1; index < table.segments.size(); ++index) {
    const std::uint32_t before = table.segments[index - 1].number;
    const std::uint32_t after = table.segments[index].number;
    if (after == before + 1) continue;
    const std::string first = std::to_string(before + 1), last = std::to_string(after - 1);
    findings.push_back({.table = table.name,
                        .what = first == last ? "the file with number " + first + " is missing"
                                              : "the files with numbers " + first + " to " + last +
                                                    " are missing"});
  }
}

bool is_held_by_a_recorder(int folder) {
  // The recorder holds the folder exclusively. A shared lock, given back at once, disturbs no
  // reader.
  if (flock(folder, LOCK_SH | LOCK_NB) != 0) return errno == EWOULDBLOCK;
  flock(folder, LOCK_UN);
  return false;
}

}  // namespace

bool is_table_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 && name != "captured" &&
         std::ranges::all_of(name, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
         });
}

void settle_segments(TableFolder& table, std::vector<Segment> all, std::vector<Finding>& findings) {
  settle_numbers(table, std::move(all), findings);
  report_missing_numbers(table, findings);
}

Result<FileDescriptor> open_regular(int folder, const std::string& name) {
  FileDescriptor file(
      openat(folder, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!file && (errno == ELOOP || errno == EMLINK))
    return Error{ErrorCode::corrupt, escaped(name) + " is a link; expected a regular file"};
  if (!file) return last_system_error("open", escaped(name));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return last_system_error("look at", escaped(name));
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::corrupt, escaped(name) + " is not a regular file"};
  return file;
}

Result<FileSlice> open_part_bytes(const TableFolder& table, const Segment& segment) {
  if (table.packed) return FileSlice{table.packed, segment.offset, segment.size};
  auto file = TRY(open_regular(table.folder->get(), segment.name));
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return last_system_error("look at", escaped(segment.name));
  return FileSlice{std::make_shared<FileDescriptor>(std::move(file)), 0,
                   static_cast<std::uint64_t>(status.st_size)};
}

Result<TableFolder> list_table(int recording, const std::string& name,
                               std::vector<Finding>& findings) {
  TableFolder table{.name = name};
  FileDescriptor folder(
      openat(recording, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder) return last_system_error("open the folder of table", name);
  table.folder = std::make_shared<FileDescriptor>(std::move(folder));
  std::vector<Segment> all;
  for (const std::string& file : TRY(list_folder(table.folder->get()))) {
    struct stat status{};
    // A file that retention or sealing has just taken away is no damage.
    if (fstatat(table.folder->get(), file.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    const auto size = static_cast<std::uint64_t>(status.st_size);
    const auto parsed = parse_segment_name(file);
    if (!S_ISREG(status.st_mode)) {
      findings.push_back(
          {.table = name,
           .file = escaped(file, 200),
           .what = "is not a regular file (a link, folder or device); not followed"});
      continue;
    }
    table.size += size;
    if (!parsed) {
      // Names with a dot are files that are being written.
      if (!file.starts_with(".")) table.unknown.push_back(file);
    } else if (parsed->kind == SegmentName::Kind::bad) {
      table.quarantined.push_back(file);
    } else {
      const bool is_part = parsed->kind == SegmentName::Kind::part;
      all.push_back({.kind = is_part ? Segment::Kind::part : Segment::Kind::live,
                     .number = parsed->number,
                     .name = file,
                     .digest = parsed->digest,
                     .size = size});
    }
  }
  settle_segments(table, std::move(all), findings);
  return table;
}

Result<RecordingFolder> RecordingFolder::open(const std::string& path) {
  RecordingFolder self;
  self.path_ = path;
  // With a slash at its end a link would be followed.
  while (self.path_.size() > 1 && self.path_.ends_with('/')) self.path_.pop_back();
  FileDescriptor folder(
      ::open(self.path_.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK));
  const std::string shown = escaped(self.path_);
  if (!folder && errno == ENOENT)
    return Error{ErrorCode::absent, "there is no " + shown + "; " + std::string(kExpected), ENOENT};
  if (!folder && (errno == ENOTDIR || errno == ELOOP)) {
    struct stat status{};
    const bool is_link = lstat(self.path_.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
    if (is_packed_path(self.path_)) return open_packed(std::move(self));
    return Error{ErrorCode::corrupt, shown + (is_link ? " is a link" : " is not a folder") + "; " +
                                         std::string(kExpected)};
  }
  if (!folder) return last_system_error("open", shown);
  self.folder_ = std::make_shared<FileDescriptor>(std::move(folder));
  TRY(self.read_facts());
  self.is_recording_now_ = is_held_by_a_recorder(self.descriptor());
  TRY(self.list());
  return self;
}

Result<void> RecordingFolder::read_facts() {
  const std::string name(kFactsName);
  auto file = open_regular(descriptor(), name);
  if (!file && file.error().system_error == ENOENT)
    return Error{ErrorCode::corrupt, escaped(path_) + " is no recording: it has no " + name + "; " +
                                         std::string(kExpected)};
  if (!file && file.error().code == ErrorCode::corrupt)
    return Error{ErrorCode::corrupt, escaped(path_) + "/" + file.error().text};
  if (!file) return std::move(file).error();
  struct stat status{};
  if (fstat(file->get(), &status) != 0) return last_system_error("look at", name);
  if (static_cast<std::size_t>(status.st_size) > kLargestFacts)
    return Error{ErrorCode::corrupt, escaped(path_) + "/" + name + " has " +
                                         std::to_string(status.st_size) +
                                         " bytes; expected a few thousand"};
  std::string text(static_cast<std::size_t>(status.st_size), '\0');
  for (std::size_t at = 0; at < text.size();) {
    const ssize_t got =
        pread(file->get(), text.data() + at, text.size() - at, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", escaped(path_) + "/" + name);
    if (got == 0) text.resize(at);
    at += static_cast<std::size_t>(got);
  }
  return take_facts(text);
}

Result<void> RecordingFolder::take_facts(std::string_view text) {
  auto facts = parse_facts(text);
  if (!facts)
    return Error{facts.error().code,
                 escaped(path_) + "/" + std::string(kFactsName) + ": " + facts.error().text};
  facts_ = std::move(facts).value();
  return {};
}

Result<void> RecordingFolder::list() {
  for (const std::string& name : TRY(list_folder(descriptor()))) {
    struct stat status{};
    if (fstatat(descriptor(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (S_ISREG(status.st_mode)) size_ += static_cast<std::uint64_t>(status.st_size);
    if (S_ISLNK(status.st_mode))
      findings_.push_back({.file = escaped(name, 200), .what = "is a link; not followed"});
    if (!S_ISDIR(status.st_mode) || !is_table_name(name)) continue;
    auto table = list_table(descriptor(), name, findings_);
    if (!table) {
      findings_.push_back({.table = name, .what = table.error().text});
      continue;
    }
    size_ += table->size;
    tables_.push_back(std::move(table).value());
  }
  return {};
}

const TableFolder* RecordingFolder::find(std::string_view table) const {
  const auto place = std::ranges::find(tables_, table, &TableFolder::name);
  return place == tables_.end() ? nullptr : &*place;
}

}  // namespace tacho
