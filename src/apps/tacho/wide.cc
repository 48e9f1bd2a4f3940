// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/wide.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "apps/tacho/reader.h"
#include "base/file.h"
#include "base/places.h"
#include "base/text.h"
#include "collectors/registry.h"
#include "journal/format.h"
#include "journal/recordings.h"
#include "wide/mapping.h"

namespace tacho {
namespace {

constexpr Nanoseconds kInterval = std::chrono::seconds(5);
// New journals so often: older ones that the file covers are removed. A turn of the files repeats
// every process, which costs as much as some ticks.
constexpr Nanoseconds kRotate = std::chrono::minutes(10);

bool is_table(std::string_view name) {
  const auto tables = all_tables();
  return std::ranges::find(tables, name, &Table::name) != tables.end();
}

// Is any journal in it? One that was killed in its first moment has none.
bool has_journals(const std::string& folder) {
  std::error_code ignored;
  for (const auto& table : std::filesystem::directory_iterator(folder, ignored)) {
    const auto names = std::filesystem::directory_iterator(table.path(), ignored);
    for (const auto& file : names)
      if (parse_segment_name(file.path().filename().string())) return true;
  }
  return false;
}

// A name that is not hidden, so that somebody finds it.
std::string place_aside(const std::string& wide_path) {
  const time_t now = time(nullptr);
  tm parts{};
  localtime_r(&now, &parts);
  char date[32];
  strftime(date, sizeof date, "%Y%m%d-%H%M%S", &parts);
  return fmt::format("{}-{}{}", wide_path, date, kRecordingSuffix);
}

Result<std::string> set_aside(const RecorderOptions& options) {
  const std::string aside = place_aside(options.wide->path);
  std::error_code failure;
  std::filesystem::rename(options.output, aside, failure);
  if (failure)
    return Error{ErrorCode::io, "cannot rename " + options.output + ": " + failure.message()};
  note_elsewhere(std::filesystem::absolute(aside).string());
  return aside;
}

Result<void> recover(const RecorderOptions& options, bool quiet, std::string_view program) {
  const std::string& path = options.wide->path;
  const FileDescriptor folder(
      open(options.output.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!folder && errno == ENOENT) return {};
  if (!folder) return last_system_error("open the recording beside the file,", options.output);
  struct stat status{};
  if (fstat(folder.get(), &status) != 0) return last_system_error("look at", options.output);
  const Owner* caller = calling_user();
  if (status.st_uid != geteuid() && (caller == nullptr || status.st_uid != caller->user))
    return Error{ErrorCode::denied, "the folder " + options.output + " belongs to another user"};
  if (flock(folder.get(), LOCK_EX | LOCK_NB) != 0)
    return Error{ErrorCode::exhausted, "another tacho is recording into " + path, errno};
  flock(folder.get(), LOCK_UN);
  std::error_code failure;
  if (has_journals(options.output)) {
    if (!quiet)
      fmt::print(stderr, "tacho: bringing into {} what a recorder that was killed left\n", path);
    std::vector<std::string> words = {"export", "--recover", "--output", path};
    if (options.utc) words.emplace_back("--utc");
    words.insert(words.end(), {"--", options.output});
    if (run_reader(words) != 0) {
      const std::string aside = TRY(set_aside(options));
      fmt::print(stderr,
                 "{}: what a killed recorder left could not be brought into {}; it is kept as {}\n",
                 program, path, aside);
      return {};
    }
  }
  std::filesystem::remove_all(options.output, failure);
  if (failure)
    return Error{ErrorCode::io, "cannot remove " + options.output + ": " + failure.message()};
  return {};
}

// Rows at the end of the file come into it at the next start. Those that are missing within it
// would not: then the whole recording stays, under a name that is seen.
void tell_where_rows_are(const RecorderOptions& options, const Error& error,
                         std::string_view program) {
  if (error.code != ErrorCode::exhausted || error.system_error != 0) {
    fmt::print(stderr,
               "{}: the rows are in {}; the next start with the same --output brings them into the "
               "file\n",
               program, options.output);
    return;
  }
  const auto aside = set_aside(options);
  fmt::print(stderr, "{}: all rows are in {}; 'tacho export' writes them to another file\n",
             program, aside ? *aside : options.output);
}

}  // namespace

void make_wide(RecorderOptions& options, WideOptions wide, bool has_interval) {
  options.output = recording_beside(wide.path);
  options.wide = std::move(wide);
  options.rotate_interval = kRotate;
  options.retain_time.reset();
  options.retain_bytes.reset();
  options.seal_at_end = false;
  if (!has_interval) options.interval = kInterval;
  if (!options.only.empty()) return;
  for (const std::string_view table : wide_tables()) {
    if (table == wide_process::kInfo || table == wide_process::kExit || !is_table(table)) continue;
    if (!options.only.empty()) options.only.push_back(',');
    options.only.append(table);
  }
}

void leave_out(RecorderOptions& options, std::string_view tables) {
  while (!tables.empty()) {
    const std::string_view table = take_until(tables, ',');
    if (!is_table(table)) continue;
    if (!options.without.empty()) options.without.push_back(',');
    options.without.append(table);
  }
}

Result<void> prepare_wide(const RecorderOptions& options, bool quiet, std::string_view program) {
  TRY(WideFile::open_growing(options.wide->path, {.is_utc = options.utc}));
  return recover(options, quiet, program);
}

bool end_wide(const RecorderOptions& options, const RecordResult& result, bool quiet,
              std::string_view program) {
  if (result.not_in_wide_file) {
    fmt::print(stderr, "{}: {}\n", program, result.not_in_wide_file->text);
    tell_where_rows_are(options, *result.not_in_wide_file, program);
    return false;
  }
  std::error_code ignored;
  std::filesystem::remove_all(options.output, ignored);
  if (!quiet) fmt::print("{}\n", options.wide->path);
  return true;
}

}  // namespace tacho
