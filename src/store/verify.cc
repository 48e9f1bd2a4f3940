// SPDX-License-Identifier: Apache-2.0
#include "store/verify.h"

#include <unistd.h>

#include <algorithm>
#include <map>

#include "base/crc32.h"
#include "base/text.h"
#include "journal/format.h"
#include "store/columns.h"
#include "store/recording_folder.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

// First and last boottime of what was whole in a file.
struct Span {
  std::optional<std::int64_t> first, last;
};

class Verifier {
 public:
  Verifier(const RecordingFolder& recording,
           const std::function<void(std::uint64_t, std::uint64_t)>& progress)
      : recording_(recording), progress_(progress) {}

  VerifyReport run() {
    for (const TableFolder& table : recording_.tables()) check(table);
    check_tables();
    if (recording_.packed() != nullptr) check_packed(*recording_.packed());
    for (const Finding& finding : recording_.findings()) log_->add(finding);
    report_.findings = log_->all();
    return std::move(report_);
  }

 private:
  void check(const TableFolder& table) {
    std::optional<std::int64_t> before;
    std::uint32_t expected = table.segments.empty() ? 0 : table.segments.front().number;
    for (const Segment& segment : table.segments) {
      const Span span = check(table, segment);
      if (segment.number != expected)
        report_missing(table, expected, segment.number - 1, before, span.first);
      if (span.last) {
        before = span.last;
        ++tables_with_rows_[segment.number];
      }
      expected = segment.number + 1;
    }
    for (const std::string& name : table.quarantined)
      log_->add({.table = table.name,
                 .file = escaped(name, 200),
                 .what = "was set aside as damaged",
                 .bytes = size_of(table, name)});
    for (const std::string& name : table.unknown)
      log_->add(
          {.table = table.name, .file = escaped(name, 200), .what = "is no file of a recording"});
  }

  Span check(const TableFolder& table, const Segment& segment) {
    Span span;
    ++report_.files;
    auto reader = open_segment(table, segment, log_);
    if (!reader && reader.error().code == ErrorCode::absent) return span;  // retention took it
    if (!reader) {
      log_->add({.table = table.name,
                 .file = segment.name,
                 .what = "cannot be read: " + reader.error().text,
                 .bytes = segment.size});
      done(segment);
      return span;
    }
    check_owner(table, segment, *(*reader)->schema());
    while (true) {
      const auto batch = (*reader)->next({});
      if (!batch)
        log_->add({.table = table.name,
                   .file = segment.name,
                   .what = "cannot be read to its end: " + batch.error().text});
      if (!batch || !*batch) break;
      report_.rows += static_cast<std::uint64_t>((*batch)->num_rows());
      const std::uint64_t* boottime = words_of(*(*batch)->GetColumnByName("boottime"));
      for (std::int64_t row = 0; row < (*batch)->num_rows(); ++row) {
        const auto at = static_cast<std::int64_t>(boottime[row]);
        span.first = std::min(span.first.value_or(at), at);
        span.last = std::max(span.last.value_or(at), at);
      }
    }
    done(segment);
    return span;
  }

  void done(const Segment& segment) {
    report_.bytes += segment.size;
    if (progress_) progress_(report_.bytes, recording_.size());
  }

  // A file may be whole and yet be another recording's, or another table's.
  void check_owner(const TableFolder& table, const Segment& segment, const arrow::Schema& schema) {
    const auto expect = [&](std::string_view key, const std::string& expected) {
      const std::string found = metadata_of(schema.metadata(), key);
      if (found != expected)
        log_->add({.table = table.name,
                   .file = segment.name,
                   .what = "it says " + std::string(key) + "=" + escaped(found, 80) +
                           "; expected " + escaped(expected, 80)});
    };
    expect(kKeyRecording, recording_.facts().id);
    expect(kKeyTable, table.name);
    expect(kKeyNumber, std::to_string(segment.number));
  }

  void report_missing(const TableFolder& table, std::uint32_t first, std::uint32_t last,
                      std::optional<std::int64_t> before, std::optional<std::int64_t> after) {
    const std::string low = std::to_string(first), high = std::to_string(last);
    Finding finding{.table = table.name,
                    .what = first == last
                                ? "the file with number " + low + " is missing"
                                : "the files with numbers " + low + " to " + high + " are missing"};
    if (before && after) finding.span = Nanoseconds(*after - *before);
    log_->add(std::move(finding));
  }

  // All tables rotate together, and no row is written before all have their file: a number under
  // which two of them hold rows, the others have too. (A mark that was added afterwards has a file of
  // its own, in one table; a recorder that was killed while it rotated leaves files without rows.)
  void check_tables() {
    std::uint32_t newest = 0;
    for (const auto& [number, tables] : tables_with_rows_)
      if (tables >= 2) newest = number;
    for (const std::string& name : recording_.facts().tables) {
      const TableFolder* table = recording_.find(name);
      if (table == nullptr || table->segments.empty())
        log_->add({.table = escaped(name, 60), .what = "the table has no files"});
      // While it is recorded, files are rotated one after the other.
      else if (!recording_.is_recording_now() && table->segments.back().number < newest)
        report_missing(*table, table->segments.back().number + 1, newest, {}, {});
    }
  }

  // What is around the files, too: a flipped bit there harms who reads with another program.
  void check_packed(const ZipReader& zip) {
    for (const ZipEntry& entry : zip.entries()) {
      std::uint32_t checksum = 0;
      const auto read = walk_slice(zip.slice(entry), entry.name, [&](auto bytes) -> Result<void> {
        checksum = crc32(bytes, checksum);
        return {};
      });
      if (!read || checksum != entry.checksum)
        log_->add({.file = entry.name,
                   .what = read ? "its content does not match its checksum in the zip file"
                                : read.error().text,
                   .bytes = entry.size});
    }
    const auto foreign = zip.first_foreign_byte();
    if (!foreign) log_->add({.what = foreign.error().text});
    if (foreign && *foreign)
      log_->add({.what = "byte " + std::to_string(**foreign) +
                         " is not what tacho pack writes: damaged, or packed by another program"});
  }

  static std::uint64_t size_of(const TableFolder& table, const std::string& name) {
    const auto file = open_regular(table.folder->get(), name);
    const off_t size = file ? lseek(file->get(), 0, SEEK_END) : 0;
    return size > 0 ? static_cast<std::uint64_t>(size) : 0;
  }

  const RecordingFolder& recording_;
  const std::function<void(std::uint64_t, std::uint64_t)>& progress_;
  std::shared_ptr<FindingLog> log_ = std::make_shared<FindingLog>();
  VerifyReport report_;
  std::map<std::uint32_t, int> tables_with_rows_;  // by number
};

}  // namespace

Result<VerifyReport> verify(const std::string& path,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  const RecordingFolder recording = TRY(RecordingFolder::open(path));
  return Verifier(recording, progress).run();
}

}  // namespace tacho
