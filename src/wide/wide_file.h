// SPDX-License-Identifier: Apache-2.0
// The one wide file, NAME.parquet or NAME.csv. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wide/row.h"

namespace tacho {

struct WideFileOptions {
  bool is_utc = false;  // times in UTC, and said to be so; else the local zone's, without a zone
  // What else is said of the file as a whole (Parquet's key-value metadata).
  std::vector<std::pair<std::string, std::string>> facts;
};

// A time (ns since 1970 UTC) as a wide file has it: microseconds, in UTC or by the local zone's
// clock.
std::int64_t time_in_wide_file(std::int64_t nanoseconds, bool is_utc);

class WideFile {
 public:
  // Rows that are not written yet, at most. More are refused: who waits so long for the disk has
  // them in the recording.
  static constexpr std::size_t kMostWaiting = 65536;

  // Whether a name is one of a wide file, by its ending.
  static bool is_name(std::string_view path);

  // A file that grows. One that is there is continued: its rows stay, and new columns come behind
  // its own. `invalid` for one that tacho cannot continue; the text says why.
  static Result<std::unique_ptr<WideFile>> open_growing(const std::string& path,
                                                        WideFileOptions options);
  virtual ~WideFile() = default;

  // What is said of the file from its next write on; replaces what the options had.
  void set_facts(std::vector<std::pair<std::string, std::string>> facts) {
    options_.facts = std::move(facts);
  }
  // `columns` are those of the row's cells and only grow; a row may have fewer cells.
  Result<void> append(const WideRow& row, std::span<const WideColumn> columns);
  // Puts a file with all rows in the place of the old one, synced: a reader never sees a part. What
  // was written stays as bytes: the cost is that of the newest rows, and of copying the file inside
  // the kernel. After an error all is as before, and it can be tried again.
  virtual Result<void> write() = 0;

  bool has_news() const { return has_news_; }  // rows since the last write
  std::int64_t rows() const { return rows_; }  // all, of earlier times too
  // The last row's time in the file's own form (time_in_wide_file).
  std::optional<std::int64_t> last_time() const { return last_time_; }
  std::int64_t time_in_file(std::int64_t nanoseconds) const {
    return time_in_wide_file(nanoseconds, options_.is_utc);
  }

 protected:
  WideFile(std::string path, WideFileOptions options);
  // The columns of the file, `timestamp` first, and a cell for each; null for those without.
  using Cells = std::vector<const WideCell*>;
  virtual Result<void> put(std::int64_t time, const Cells& cells, const WideRow& row) = 0;
  virtual void added_column() = 0;
  virtual std::size_t waiting() const = 0;

  const std::string path_;
  WideFileOptions options_;
  std::vector<WideColumn> columns_;
  std::int64_t rows_ = 0;
  std::optional<std::int64_t> last_time_;
  bool has_news_ = false;

 private:
  Result<void> place_columns(std::span<const WideColumn> columns);
  std::vector<std::size_t> places_;  // of a row's cells among columns_
  Cells cells_;
};

// Each format in its own file.
Result<std::unique_ptr<WideFile>> open_growing_parquet(const std::string& path,
                                                       WideFileOptions options);
Result<std::unique_ptr<WideFile>> open_growing_csv(const std::string& path,
                                                   WideFileOptions options);
// A file that is written once; what has the name is replaced by the one write at the end. All
// columns must be given with its first row.
Result<std::unique_ptr<WideFile>> create_whole_parquet(const std::string& path,
                                                       WideFileOptions options);

// A file that is there and cannot be continued.
Error cannot_continue(const std::string& path, const Error& why);
// Opens a file to be continued: nothing when there is none. No link is followed.
struct OldFile {
  int descriptor = -1;
  std::uint64_t size = 0;
};
Result<std::optional<OldFile>> open_old_file(const std::string& path);

}  // namespace tacho
