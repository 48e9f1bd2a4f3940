// SPDX-License-Identifier: Apache-2.0
#include "store/seal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "journal/format.h"
#include "journal/journal_reader.h"
#include "store/columns.h"
#include "store/part_writer.h"
#include "store/recording_folder.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

// Files that a sealer is writing. Their table's lock is held, so one that is there when the lock is
// taken was left by a sealer that was killed.
constexpr std::string_view kTemporaryPrefix = ".seal-";

// What one sealed or live file needs to be worked on.
struct Work {
  const TableFolder& table;
  const SealOptions& options;
  SealReport& report;
  std::shared_ptr<FindingLog> log = std::make_shared<FindingLog>();

  int folder() const { return table.folder->get(); }
  void step(const Segment& segment, SealStep step) const {
    if (options.on_step) options.on_step(table.name, segment.number, step);
  }
  void find(const Segment& segment, std::string what) const {
    log->add({.table = table.name,
              .file = segment.name,
              .what = std::move(what),
              .bytes = segment.size});
  }
};

Result<void> sync_folder(int folder) {
  // Some file systems have no sync of folders (EINVAL); nothing more can be had there.
  if (fsync(folder) != 0 && errno != EINVAL) return last_system_error("sync", "the table's folder");
  return {};
}

// Renames a damaged file to "bad-" and its name; never over another one.
Result<void> set_aside(int folder, const std::string& name, const std::string& bad_name) {
  std::string target = bad_name;
  // A second "bad-" tells a file from one of the same name; more than a few there cannot be.
  for (int attempt = 0; attempt < 8; ++attempt, target = "bad-" + target)
    if (renameat2(folder, name.c_str(), folder, target.c_str(), RENAME_NOREPLACE) == 0)
      return sync_folder(folder);
    else if (errno != EEXIST)
      break;
  return last_system_error("rename to", target);
}

bool has_damage(int folder, const std::string& name) {
  auto reader = JournalReader::open(folder, name);
  if (!reader) return true;
  while (reader->next()) {
  }
  return !reader->damage().empty();
}

// Removes a live file whose part is published; a damaged one is kept as bad-live-*.
Result<void> retire(const Work& work, const Segment& live) {
  if (has_damage(work.folder(), live.name))
    return set_aside(work.folder(), live.name, "bad-" + live.name);
  if (unlinkat(work.folder(), live.name.c_str(), 0) != 0 && errno != ENOENT)
    return last_system_error("remove", live.name);
  return sync_folder(work.folder());
}

class Temporary {
 public:
  static Result<Temporary> create(const Work& work, const Segment& live) {
    Temporary self;
    self.folder_ = work.folder();
    self.name_ = std::string(kTemporaryPrefix) + std::to_string(live.number);
    self.file_ = FileDescriptor(openat(self.folder_, self.name_.c_str(),
                                       O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!self.file_) return last_system_error("create", self.name_);
    struct stat status{};
    // Sealed by root, it still belongs to whom the recording belongs to.
    if (geteuid() == 0 &&
        fstatat(self.folder_, live.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
        fchown(self.file_.get(), status.st_uid, status.st_gid) != 0)
      return last_system_error("give away", self.name_);
    return self;
  }
  Temporary(Temporary&& other) noexcept
      : folder_(other.folder_),
        name_(std::exchange(other.name_, "")),
        file_(std::move(other.file_)) {}
  ~Temporary() { remove(); }
  void remove() {
    if (!name_.empty()) unlinkat(folder_, name_.c_str(), 0);
    name_.clear();
  }

  int descriptor() const { return file_.get(); }
  const std::string& name() const { return name_; }

  Result<void> publish(const std::string& name) const {
    if (linkat(folder_, name_.c_str(), folder_, name.c_str(), 0) == 0) return {};
    // File systems without links: a rename that replaces nothing publishes as well.
    if ((errno == EPERM || errno == EOPNOTSUPP) &&
        renameat2(folder_, name_.c_str(), folder_, name.c_str(), RENAME_NOREPLACE) == 0)
      return {};
    return last_system_error("link", name);
  }

 private:
  Temporary() = default;
  int folder_ = -1;
  std::string name_;
  FileDescriptor file_;
};

// Copies all whole rows of the live file.
Result<PartContent> write_part(const Work& work, SegmentReader& live, int descriptor) {
  auto writer = TRY(PartWriter::create(descriptor, live.schema(), work.options.level));
  while (true) {
    const Batch batch = TRY(live.next({}));
    if (!batch) return writer->finish();
    TRY(writer->add(batch));
  }
}

// Compares what is in the file, read anew, with what was written. Gives its digest.
Result<std::uint64_t> read_back(const Work& work, const Temporary& temporary,
                                const PartContent& content) {
  // From the disk, not from the pages that we have just written.
  posix_fadvise(temporary.descriptor(), 0, 0, POSIX_FADV_DONTNEED);
  const std::uint64_t digest = TRY(digest_of_file(temporary.descriptor(), temporary.name()));
  const auto log = std::make_shared<FindingLog>();
  auto part = TRY(open_part(work.table, {.name = temporary.name(), .digest = digest}, log));
  std::uint64_t rows = 0, all = 0;
  std::vector<std::uint64_t> groups;
  while (true) {
    const Batch batch = TRY(part->next({}));
    if (!batch) break;
    rows += static_cast<std::uint64_t>(batch->num_rows());
    groups.push_back(digest_of_rows(*batch));
    all += groups.back();
  }
  if (rows != content.rows || all != content.digest || groups != content.groups ||
      !log->all().empty())
    return Error{ErrorCode::corrupt,
                 "the part does not read back as it was written: " + std::to_string(rows) + " of " +
                     std::to_string(content.rows) + " rows"};
  return digest;
}

Result<void> seal_file(const Work& work, const Segment& live) {
  auto reader = open_segment(work.table, live, work.log);
  if (!reader && reader.error().code == ErrorCode::corrupt) {
    work.find(live, "set aside as bad-" + live.name + ": " + reader.error().text);
    return set_aside(work.folder(), live.name, "bad-" + live.name);
  }
  if (!reader) return std::move(reader).error();
  if (!(*reader)->has_all_columns()) {
    work.find(live, "left as it is: a newer tacho can seal it");
    return {};
  }
  Temporary temporary = TRY(Temporary::create(work, live));
  work.step(live, SealStep::begun);
  const PartContent content = TRY(write_part(work, **reader, temporary.descriptor()));
  reader->reset();
  work.step(live, SealStep::written);
  if (fsync(temporary.descriptor()) != 0) return last_system_error("sync", temporary.name());
  work.step(live, SealStep::synced);
  const auto digest = read_back(work, temporary, content);
  if (!digest) {
    // The live file stays, and so does the evidence.
    const std::string bad = "bad-" + part_name(live.number, 0);
    work.find(live, digest.error().text + "; kept as " + bad);
    return set_aside(work.folder(), temporary.name(), bad);
  }
  work.step(live, SealStep::read_back);
  const std::string name = part_name(live.number, *digest);
  TRY(temporary.publish(name));
  work.step(live, SealStep::linked);
  TRY(sync_folder(work.folder()));
  work.step(live, SealStep::published);
  struct stat status{};
  if (fstat(temporary.descriptor(), &status) == 0)
    work.report.part_bytes += static_cast<std::uint64_t>(status.st_size);
  // Before the live file goes: a table without live files is not looked at again.
  temporary.remove();
  TRY(retire(work, live));
  work.step(live, SealStep::live_removed);
  ++work.report.sealed;
  work.report.rows += content.rows;
  work.report.live_bytes += live.size;
  return {};
}

// Live files whose part is there: a sealer was killed before it could remove them. When the part is
// damaged, it is set aside and the live file is the truth again.
Result<void> settle_superseded(const Work& work, std::vector<Segment>& to_seal) {
  for (const Segment& live : work.table.superseded) {
    if (live.kind != Segment::Kind::live) continue;
    const auto part = std::ranges::find(work.table.segments, live.number, &Segment::number);
    if (part == work.table.segments.end()) continue;
    const FileDescriptor file = TRY(open_regular(work.folder(), part->name));
    if (TRY(digest_of_file(file.get(), part->name)) == part->digest) {
      TRY(retire(work, live));
      continue;
    }
    work.find(*part, "its content does not match the digest in its name; set aside as bad-" +
                         part->name + ", and the live file is sealed again");
    TRY(set_aside(work.folder(), part->name, "bad-" + part->name));
    to_seal.push_back(live);
  }
  return {};
}

Result<void> remove_leftovers(int folder) {
  for (const std::string& name : TRY(list_folder(folder)))
    if (name.starts_with(kTemporaryPrefix)) unlinkat(folder, name.c_str(), 0);
  return {};
}

std::uint64_t live_files(const TableFolder& table) {
  return static_cast<std::uint64_t>(
      std::ranges::count(table.segments, Segment::Kind::live, &Segment::kind));
}

// The recorder makes the next files of all tables before it leaves the old ones, and goes on with
// the old ones when one cannot be made: it still writes the highest number that every table has.
std::uint32_t number_being_written(const RecordingFolder& recording) {
  if (!recording.is_recording_now()) return UINT32_MAX;
  std::uint32_t lowest = UINT32_MAX;
  for (const std::string& name : recording.facts().tables) {
    const TableFolder* table = recording.find(name);
    lowest = std::min(
        lowest, table == nullptr || table->segments.empty() ? 0 : table->segments.back().number);
  }
  return lowest;
}

Result<void> seal_table(const RecordingFolder& recording, const TableFolder& listed,
                        std::uint32_t being_written, const SealOptions& options,
                        SealReport& report) {
  if (live_files(listed) == 0 && listed.superseded.empty()) return {};
  // A lock of our own: the recording's folder may be the recorder's.
  FileDescriptor lock(openat(listed.folder->get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!lock) return last_system_error("open", listed.name);
  if (flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return last_system_error("lock", listed.name);
    report.left += live_files(listed);
    return {};
  }
  std::vector<Finding> ignored;  // said by whoever opens the recording
  const TableFolder table = TRY(list_table(recording.descriptor(), listed.name, ignored));
  TRY(remove_leftovers(table.folder->get()));
  Work work{.table = table, .options = options, .report = report};
  std::vector<Segment> to_seal;
  const auto settled = settle_superseded(work, to_seal);
  for (const Segment& segment : table.segments) {
    if (segment.kind != Segment::Kind::live) continue;
    if (segment.number >= being_written)
      ++report.left;
    else
      to_seal.push_back(segment);
  }
  for (const Segment& live : to_seal) {
    const auto sealed = settled ? seal_file(work, live) : settled;
    if (!sealed) work.find(live, "not sealed: " + sealed.error().text);
  }
  for (Finding& finding : work.log->all()) report.findings.push_back(std::move(finding));
  return {};
}

}  // namespace

Result<SealReport> seal(const std::string& path, const SealOptions& options) {
  const RecordingFolder recording = TRY(RecordingFolder::open(path));
  const std::uint32_t being_written = number_being_written(recording);
  SealReport report;
  for (const TableFolder& table : recording.tables())
    if (const auto sealed = seal_table(recording, table, being_written, options, report); !sealed)
      report.findings.push_back(
          {.table = table.name, .what = "not sealed: " + sealed.error().text});
  return report;
}

}  // namespace tacho
