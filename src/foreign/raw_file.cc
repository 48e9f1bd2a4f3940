// SPDX-License-Identifier: Apache-2.0
#include "foreign/raw_file.h"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <numeric>
#include <set>
#include <string_view>

#include "base/text.h"

namespace tacho {
namespace {

// Best first. Compared without case.
constexpr std::string_view kTimeNames[] = {"timestamp",  "time",       "datetime",    "date_time",
                                           "@timestamp", "ts",         "tstamp",      "epoch",
                                           "unixtime",   "unix_time",  "date",        "when",
                                           "created_at", "sampled_at", "recorded_at", "_time"};
// Column names in a message.
constexpr std::size_t kShownNames = 12;
constexpr std::size_t kLongestName = 200;

struct Magic {
  std::string_view bytes, what;
};
// What people hand over by mistake: told by name.
constexpr Magic kOthers[] = {
    {"\x1f\x8b", "compressed with gzip; unpack it first"},
    {"\x28\xb5\x2f\xfd", "compressed with zstd; unpack it first"},
    {"\xfd"
     "7zXZ",
     "compressed with xz; unpack it first"},
    {"BZh", "compressed with bzip2; unpack it first"},
    {"PK\x03\x04", "a zip archive (or a spreadsheet); unpack it, or save the sheet as CSV"},
    {"ARROW1", "an Arrow file; write it as Parquet"},
    {"SQLite format 3", "an SQLite database; export a table of it as CSV"},
    {"\x89HDF", "an HDF5 file; write it as Parquet or CSV"},
    {"\x7f"
     "ELF",
     "a program"},
    {"\xff\xfe", "text in UTF-16; write it in UTF-8"},
    {"\xfe\xff", "text in UTF-16; write it in UTF-8"}};
constexpr std::string_view kExpected =
    "; expected a recording NAME.tacho, or a Parquet or CSV file with a column of times";

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

}  // namespace

Result<void> read_at(const ForeignFile& file, std::uint64_t offset, char* to, std::size_t size) {
  while (size > 0) {
    const ssize_t got = pread(file.descriptor.get(), to, size, static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", file.name);
    if (got == 0)
      return Error{ErrorCode::corrupt, file.name + " has become shorter while it was read"};
    to += got;
    offset += static_cast<std::uint64_t>(got);
    size -= static_cast<std::size_t>(got);
  }
  return {};
}

Result<std::unique_ptr<RawFile>> open_raw(const ForeignFile& file) {
  if (file.size == 0)
    return Error{ErrorCode::corrupt, file.name + " is empty" + std::string(kExpected)};
  std::string head(std::min<std::uint64_t>(file.size, 4096), '\0');
  TRY(read_at(file, 0, head.data(), head.size()));
  if (head.starts_with("PAR1")) return make_parquet_file(file);
  for (const Magic& other : kOthers)
    if (head.starts_with(other.bytes))
      return Error{ErrorCode::corrupt,
                   file.name + " is " + std::string(other.what) + std::string(kExpected)};
  if (head.find('\0') != std::string::npos)
    return Error{ErrorCode::corrupt,
                 file.name + " is neither Parquet nor text" + std::string(kExpected)};
  const std::string_view text = trimmed(head);
  if (text.starts_with('{') || text.starts_with('[') || text.starts_with('<'))
    return Error{ErrorCode::corrupt,
                 file.name + " is no CSV (it looks like JSON or XML)" + std::string(kExpected)};
  return make_csv_file(file);
}

bool is_time_name(std::string_view name) {
  return std::ranges::find(kTimeNames, lower(name)) != std::end(kTimeNames);
}

std::vector<std::size_t> time_candidates(const std::vector<std::string>& names) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  const auto rank = [&](std::size_t index) {
    return std::ranges::find(kTimeNames, lower(names[index])) - std::begin(kTimeNames);
  };
  std::ranges::stable_sort(order, {}, rank);
  return order;
}

Error no_time_column(const std::string& file, const std::vector<std::string>& names) {
  std::string list;
  for (std::size_t index = 0; index < std::min(names.size(), kShownNames); ++index)
    list += (index == 0 ? "" : ", ") + names[index];
  if (names.size() > kShownNames)
    list += " and " + std::to_string(names.size() - kShownNames) + " more";
  return {ErrorCode::corrupt,
          file +
              " has no column of times; expected one, best named timestamp, with "
              "2026-11-24T21:28:41 or seconds since 1970; its columns are: " +
              list};
}

std::vector<std::string> distinct_names(const std::vector<std::string>& names) {
  std::vector<std::string> result;
  std::set<std::string> taken;
  for (const std::string& name : names) {
    std::string base = escaped(trimmed(name), kLongestName);
    if (base.empty()) base = "column_" + std::to_string(result.size() + 1);
    std::string unique = base;
    for (int number = 2; !taken.insert(unique).second; ++number)
      unique = base + "_" + std::to_string(number);
    result.push_back(std::move(unique));
  }
  return result;
}

}  // namespace tacho
