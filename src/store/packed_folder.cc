// SPDX-License-Identifier: Apache-2.0
// The one file that `tacho pack` makes, looked at as if it were the folder that it was made of.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <map>
#include <set>

#include "base/text.h"
#include "journal/format.h"
#include "store/pack.h"
#include "store/recording_folder.h"
#include "store/segment_reader.h"

namespace tacho {

bool is_packed_path(const std::string& path) {
  const FileDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  struct stat status{};
  if (!file) return errno == EACCES && path.ends_with(kPackedSuffix);
  if (fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  char first[4] = {};
  const bool is_zip = pread(file.get(), first, sizeof first, 0) == sizeof first &&
                      std::string_view(first, sizeof first) == "PK\x03\x04";
  return is_zip || path.ends_with(kPackedSuffix);
}

Result<RecordingFolder> RecordingFolder::open_packed(RecordingFolder self) {
  // Whoever names a link to a file means the file; what lies in it can plant nothing.
  auto file = std::make_shared<const FileDescriptor>(
      ::open(self.path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!*file) return last_system_error("open", escaped(self.path_));
  self.packed_ = std::make_shared<const ZipReader>(TRY(ZipReader::open(std::move(file), self.path_)));
  TRY(self.list_packed());
  const ZipEntry* facts = self.packed_->find(kFactsName);
  if (facts == nullptr)
    return Error{ErrorCode::corrupt, escaped(self.path_) + " is no packed recording: it has no " +
                                         std::string(kFactsName)};
  const std::string text =
      TRY(read_slice(self.packed_->slice(*facts), self.path_ + "/" + facts->name, kLargestFacts));
  TRY(self.take_facts(text));
  self.size_ = self.packed_->size();
  self.check_packed(text);
  return self;
}

Result<void> RecordingFolder::list_packed() {
  std::map<std::string, std::vector<Segment>> files;  // by table
  for (const ZipEntry& entry : packed_->entries()) {
    if (entry.name == kFactsName || entry.name == kDigestsName) continue;
    std::string_view name = entry.name;
    const std::string table(take_until(name, '/'));
    const auto parsed = parse_segment_name(name);
    // Written so in one way alone: two names are never one file.
    if (!is_table_name(table) || !parsed || parsed->kind != SegmentName::Kind::part ||
        part_name(parsed->number, parsed->digest) != name)
      return Error{ErrorCode::corrupt, escaped(path_) + ": its entry " + escaped(entry.name, 120) +
                                           " is no file of a packed recording"};
    files[table].push_back({.kind = Segment::Kind::part,
                            .number = parsed->number,
                            .name = std::string(name),
                            .digest = parsed->digest,
                            .size = entry.size,
                            .offset = entry.offset});
  }
  const auto file = packed_->file();
  for (auto& [name, segments] : files) {
    TableFolder table{.name = name, .packed = file};
    for (const Segment& segment : segments) table.size += segment.size;
    settle_segments(table, std::move(segments), findings_);
    tables_.push_back(std::move(table));
  }
  return {};
}

// What the list of files says beside what is there. Parts have their digest in their names.
void RecordingFolder::check_packed(std::string_view facts) {
  const auto find = [this](std::string_view file, const std::string& what) {
    findings_.push_back({.file = escaped(file, 120), .what = what});
  };
  const ZipEntry* entry = packed_->find(kDigestsName);
  if (entry == nullptr) return find(kDigestsName, "is missing: what else is missing cannot be told");
  const auto text = read_slice(packed_->slice(*entry), entry->name, kLargestDigests);
  const auto digests = text ? parse_digests(*text) : Result<Digests>(text.error());
  if (!digests) return find(kDigestsName, digests.error().text);
  std::set<std::string_view> there;
  for (const ZipEntry& each : packed_->entries()) there.insert(each.name);
  for (const auto& [name, digest] : *digests)
    if (!there.contains(name)) find(name, "is missing from the packed file");
  const auto known = digests->find(std::string(kFactsName));
  if (known == digests->end() || known->second != digest_of_bytes(facts))
    find(kFactsName, "its content does not match its digest: it was damaged");
}

}  // namespace tacho
