// SPDX-License-Identifier: Apache-2.0
// A foreign file of one format. Opened with all rights; everything that touches its bytes is called
// in the confined process.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "foreign/raw.h"
#include "foreign/survey.h"

namespace tacho {

struct RawRequest {
  std::vector<std::size_t> columns;    // by their number in the survey
  std::vector<std::size_t> stretches;  // by their number in the survey, upwards
};
// False to end the reading. Chunks come in the order of the file.
using TakeChunk = std::function<Result<bool>(const RawChunk& chunk)>;

class RawFile {
 public:
  virtual ~RawFile() = default;
  // Reads the whole file.
  virtual Result<Survey> survey() = 0;
  // `survey` is what the above gave, maybe in another process. `corrupt` when the file is not that
  // any more.
  virtual Result<void> read(const Survey& survey, const RawRequest& request,
                            const TakeChunk& take) = 0;
};

// An open regular file. `name` is for messages.
struct ForeignFile {
  std::string name;
  std::string stem;  // the file's name without folder and ending
  FileDescriptor descriptor;
  std::uint64_t size = 0;
};

// What the rows of a stretch of time (not before `from`, before `to`) tell: of the survey that comes
// back only profiles are filled. Reads the stretches that reach into it.
struct TimeSpan {
  std::int64_t from = INT64_MIN, to = INT64_MAX;
  bool operator==(const TimeSpan&) const = default;
};
Result<Survey> survey_part(RawFile& file, const Survey& whole, TimeSpan span);

// By the first bytes; `corrupt` when it is none of the formats.
Result<std::unique_ptr<RawFile>> open_raw(const ForeignFile& file);

// Of CSV, what is read at once: it, its fields and its values stay in a core's cache.
inline constexpr std::size_t kCsvBlock = std::size_t{256} << 10;
std::unique_ptr<RawFile> make_csv_file(const ForeignFile& file, std::size_t block = kCsvBlock);
std::unique_ptr<RawFile> make_parquet_file(const ForeignFile& file);

// Bytes at a place; `corrupt` when the file has become shorter.
Result<void> read_at(const ForeignFile& file, std::uint64_t offset, char* to, std::size_t size);

// Which of these names is a column of times by its name alone, best first; the others follow in
// their order. For each format to try what it finds there.
bool is_time_name(std::string_view name);
std::vector<std::size_t> time_candidates(const std::vector<std::string>& names);
Error no_time_column(const std::string& file, const std::vector<std::string>& names);
// Names, escaped and each once: a second "x" is "x_2", one without a name "column_3".
std::vector<std::string> distinct_names(const std::vector<std::string>& names);

}  // namespace tacho
