// SPDX-License-Identifier: Apache-2.0
#include "wide/wide_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace tacho {
namespace {

constexpr std::string_view kParquet = ".parquet", kCsv = ".csv";

Error no_wide_name(const std::string& path) {
  return {ErrorCode::invalid, path + " is the name of no wide file: it ends in .parquet or .csv"};
}

// A file that was read may not know the type (CSV).
bool is_same_type(const WideColumn& of_file, const WideColumn& column) {
  return of_file.type == Type::timestamp || of_file.type == column.type;
}

// Nothing but the ending is no name.
bool ends_in(std::string_view path, std::string_view ending) {
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  return name.size() > ending.size() && name.ends_with(ending);
}

}  // namespace

bool WideFile::is_name(std::string_view path) {
  return ends_in(path, kParquet) || ends_in(path, kCsv);
}

Result<std::unique_ptr<WideFile>> WideFile::open_growing(const std::string& path,
                                                         WideFileOptions options) {
  if (ends_in(path, kParquet)) return open_growing_parquet(path, std::move(options));
  if (ends_in(path, kCsv)) return open_growing_csv(path, std::move(options));
  return no_wide_name(path);
}

WideFile::WideFile(std::string path, WideFileOptions options)
    : path_(std::move(path)), options_(std::move(options)) {
  columns_.push_back(
      {.name = std::string(kWideTime), .type = Type::timestamp, .help = "When the row was taken."});
}

std::int64_t time_in_wide_file(std::int64_t nanoseconds, bool is_utc) {
  std::int64_t micro = nanoseconds / 1000;
  if (!is_utc) {
    const auto seconds = static_cast<time_t>(nanoseconds / 1'000'000'000);
    tm parts{};
    localtime_r(&seconds, &parts);
    micro += parts.tm_gmtoff * 1'000'000;
  }
  return micro;
}

Result<void> WideFile::place_columns(std::span<const WideColumn> columns) {
  while (places_.size() < columns.size()) {
    const WideColumn& column = columns[places_.size()];
    const auto known = std::ranges::find(columns_, column.name, &WideColumn::name);
    places_.push_back(static_cast<std::size_t>(known - columns_.begin()));
    if (known == columns_.end()) {
      columns_.push_back(column);
      added_column();
    } else if (!is_same_type(*known, column)) {
      return cannot_continue(
          path_, {ErrorCode::invalid, "its column " + column.name + " has another type"});
    } else {
      *known = column;  // a file that was read says less of it
    }
  }
  return {};
}

Result<void> WideFile::append(const WideRow& row, std::span<const WideColumn> columns) {
  if (waiting() >= kMostWaiting)
    return Error{ErrorCode::exhausted, "too many rows wait to be written to " + path_};
  TRY(place_columns(columns));
  cells_.assign(columns_.size(), nullptr);
  for (std::size_t index = 0; index < row.cells.size(); ++index)
    if (row.cells[index].is_present) cells_[places_[index]] = &row.cells[index];
  const std::int64_t time = time_in_file(row.time);
  TRY(put(time, cells_, row));
  ++rows_;
  last_time_ = time;
  has_news_ = true;
  return {};
}

Error cannot_continue(const std::string& path, const Error& why) {
  return {ErrorCode::invalid, path + " is there already and cannot be continued: " + why.text +
                                  "; move it away, or name another file"};
}

namespace {

// In a folder that all may write to, it is somebody's trap: what we write would be theirs to read.
bool is_planted(const std::string& path, const struct stat& file) {
  const std::size_t slash = path.find_last_of('/');
  const std::string folder = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  struct stat above{};
  return file.st_uid != geteuid() && (stat(folder.c_str(), &above) != 0 || (above.st_mode & S_IWOTH) != 0);
}

}  // namespace

Result<std::optional<OldFile>> open_old_file(const std::string& path) {
  FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::optional<OldFile>();
  if (!file && errno == ELOOP)
    return cannot_continue(path, {ErrorCode::invalid, "it is a link, and none is followed"});
  if (!file) return last_system_error("open", path);
  struct stat status{};
  if (fstat(file.get(), &status) != 0) return last_system_error("look at", path);
  if (!S_ISREG(status.st_mode))
    return cannot_continue(path, {ErrorCode::invalid, "it is no regular file"});
  if (is_planted(path, status))
    return cannot_continue(path, {ErrorCode::denied, "it belongs to another user, in a folder that all can write to"});
  const auto size = static_cast<std::uint64_t>(status.st_size);
  return std::optional<OldFile>({file.release(), size});
}

}  // namespace tacho
