// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "base/text.h"
#include "store/zip_records.h"

namespace tacho {
namespace {

// A directory of 300,000 files; a recording has some thousands.
constexpr std::uint64_t kLargestDirectory = std::uint64_t{64} << 20;
constexpr std::size_t kLongestShownName = 120;
constexpr std::uint16_t kNamesAreUtf8 = 1 << 11;  // the one flag that changes nothing for us

// Where the directory lies.
struct Directory {
  std::uint64_t at = 0, size = 0, count = 0;
};

class Opening {
 public:
  Opening(const std::shared_ptr<const FileDescriptor>& file, std::uint64_t size,
          const std::string& path)
      : file_(file), size_(size), path_(path) {}

  Result<std::vector<ZipEntry>> entries() {
    const Directory directory = TRY(find_directory());
    const std::string bytes = TRY(read(directory.at, directory.size));
    RecordReader reader(bytes);
    std::vector<ZipEntry> entries;
    while (!reader.rest().empty()) entries.push_back(TRY(take_entry(reader, directory.at)));
    if (entries.size() != directory.count)
      return wrong("its directory has " + std::to_string(entries.size()) + " entries and says " +
                   std::to_string(directory.count));
    for (ZipEntry& entry : entries) TRY(find_bytes(entry, directory.at));
    TRY(check_places(entries));
    return entries;
  }

 private:
  Error wrong(const std::string& what) const {
    return {ErrorCode::corrupt, escaped(path_) + ": " + what};
  }
  Error wrong(const ZipEntry& entry, const std::string& what) const {
    return wrong("its entry " + escaped(entry.name, kLongestShownName) + " " + what);
  }

  Result<std::string> read(std::uint64_t at, std::uint64_t size) const {
    return read_slice({file_, at, size}, path_, static_cast<std::size_t>(kLargestDirectory));
  }

  Result<Directory> find_directory() const {
    const Error cut = wrong("it has no directory at its end: it was cut, or is no zip file of tacho");
    if (size_ < kDirectoryEndSize) return cut;
    std::uint64_t end = size_ - kDirectoryEndSize;
    const std::string bytes = TRY(read(end, kDirectoryEndSize));
    RecordReader record(bytes);
    if (record.u32() != kDirectoryEnd) return cut;
    if (record.u32() != 0) return wrong("it is one of several zip files that belong together");
    const std::uint64_t here = record.u16();
    Directory directory{.count = record.u16()};
    directory.size = record.u32();
    directory.at = record.u32();
    if (record.u16() != 0 || here != directory.count) return cut;
    if (directory.count == kZipCount || directory.size == kZip64From || directory.at == kZip64From)
      TRY(find_wide_directory(directory, end));
    if (directory.at > end || directory.size != end - directory.at ||
        directory.count > directory.size / kDirectoryEntrySize)
      return wrong("its directory does not lie where its end says");
    if (directory.size > kLargestDirectory)
      return wrong("its directory has " + std::to_string(directory.size) + " bytes; a recording's has less");
    return directory;
  }

  // Moves `end` to where the directory must end.
  Result<void> find_wide_directory(Directory& directory, std::uint64_t& end) const {
    if (end < kZip64LocatorSize + kZip64EndSize) return wrong("its zip64 record is missing");
    end -= kZip64LocatorSize + kZip64EndSize;
    const std::string bytes = TRY(read(end, kZip64EndSize + kZip64LocatorSize));
    RecordReader record(bytes);
    const bool is_end = record.u32() == kZip64End && record.u64() == kZip64EndSize - 12;
    record.u32();  // versions
    const bool is_one_file = record.u64() == 0;
    const std::uint64_t here = record.u64();
    directory.count = record.u64();
    directory.size = record.u64();
    directory.at = record.u64();
    const bool is_located = record.u32() == kZip64Locator && record.u32() == 0 && record.u64() == end;
    if (!is_end || !is_one_file || here != directory.count || !is_located)
      return wrong("its zip64 record is damaged");
    return {};
  }

  Result<ZipEntry> take_entry(RecordReader& reader, std::uint64_t directory_at) const {
    if (reader.u32() != kDirectoryEntry) return wrong("its directory is damaged");
    const std::uint16_t made_by = reader.u16();
    reader.u16();  // version needed: what it is needed for is checked below
    const std::uint16_t flags = reader.u16(), method = reader.u16();
    reader.u32();  // date and time
    ZipEntry entry{.checksum = reader.u32()};
    std::uint64_t packed = reader.u32();
    entry.size = reader.u32();
    const std::size_t name_size = reader.u16(), extra_size = reader.u16(), remark_size = reader.u16();
    const std::uint16_t disk = reader.u16();
    reader.u16();  // internal attributes
    const std::uint32_t attributes = reader.u32();
    entry.header = reader.u32();
    entry.name = reader.text(name_size);
    const std::string_view extra = reader.text(extra_size);
    reader.text(remark_size);
    if (reader.is_short() || disk != 0) return wrong("its directory is damaged");
    TRY(take_wide(entry, extra, packed));
    const std::uint32_t type = made_by >> 8 == 3 ? attributes >> 16 & kTypeOfFile : 0;
    if (type != 0 && type != kRegularFile) return wrong(entry, "is a link, folder or device, not a file");
    if (method != 0) return wrong(entry, "is compressed; those of a packed recording are stored");
    if ((flags & ~kNamesAreUtf8) != 0) return wrong(entry, "is encrypted or streamed; expected a stored one");
    if (packed != entry.size) return wrong(entry, "has two sizes");
    if (entry.header >= directory_at || entry.size > directory_at - entry.header)
      return wrong(entry, "does not fit the file: it says " + std::to_string(entry.size) + " bytes at " +
                              std::to_string(entry.header));
    return entry;
  }

  // Numbers of 64 bits in place of those that say so, in the order that the source names.
  Result<void> take_wide(ZipEntry& entry, std::string_view extra, std::uint64_t& packed) const {
    RecordReader fields(extra);
    while (!fields.rest().empty()) {
      const std::uint16_t kind = fields.u16(), size = fields.u16();
      RecordReader numbers(fields.text(size));
      if (fields.is_short()) return wrong(entry, "has a damaged record");
      if (kind != kZip64Extra) continue;
      if (entry.size == kZip64From) entry.size = numbers.u64();
      if (packed == kZip64From) packed = numbers.u64();
      if (entry.header == kZip64From) entry.header = numbers.u64();
      if (numbers.is_short()) return wrong(entry, "has a damaged zip64 record");
    }
    return {};
  }

  // By the local header, which must say the same as the directory.
  Result<void> find_bytes(ZipEntry& entry, std::uint64_t directory_at) const {
    if (directory_at - entry.header < kLocalHeaderSize) return wrong(entry, "has no header");
    const std::string bytes = TRY(read(entry.header, kLocalHeaderSize));
    RecordReader header(bytes);
    const bool is_header = header.u32() == kLocalHeader;
    header.u16();  // version needed
    const std::uint16_t flags = header.u16(), method = header.u16();
    header.u32();  // date and time
    const std::uint32_t checksum = header.u32(), packed = header.u32(), size = header.u32();
    const std::uint64_t name_size = header.u16(), extra_size = header.u16();
    const std::uint64_t behind = kLocalHeaderSize + name_size + extra_size;
    if (!is_header || (flags & ~kNamesAreUtf8) != 0 || method != 0 || packed != size ||
        checksum != entry.checksum || (size != kZip64From && size != entry.size) ||
        name_size != entry.name.size() || behind > directory_at - entry.header ||
        entry.size > directory_at - entry.header - behind)
      return wrong(entry, "has a header that the directory contradicts");
    if (TRY(read(entry.header + kLocalHeaderSize, name_size)) != entry.name)
      return wrong(entry, "has another name in its header");
    entry.offset = entry.header + behind;
    return {};
  }

  // Sorts by place. Entries that share bytes would give more than the file holds.
  Result<void> check_places(std::vector<ZipEntry>& entries) const {
    std::ranges::sort(entries, {}, &ZipEntry::header);
    std::set<std::string_view> names;
    std::uint64_t end = 0;
    for (const ZipEntry& entry : entries) {
      if (entry.header < end) return wrong(entry, "lies over another one");
      if (!names.insert(entry.name).second) return wrong(entry, "is there twice");
      end = entry.offset + entry.size;
    }
    return {};
  }

  const std::shared_ptr<const FileDescriptor>& file_;
  std::uint64_t size_;
  const std::string& path_;
};

}  // namespace

Result<ZipReader> ZipReader::open(std::shared_ptr<const FileDescriptor> file, const std::string& path) {
  struct stat status{};
  if (fstat(file->get(), &status) != 0) return last_system_error("look at", escaped(path));
  if (!S_ISREG(status.st_mode))
    return Error{ErrorCode::corrupt, escaped(path) + " is not a regular file"};
  ZipReader self;
  self.file_ = std::move(file);
  self.size_ = static_cast<std::uint64_t>(status.st_size);
  self.entries_ = TRY(Opening(self.file_, self.size_, path).entries());
  return self;
}

const ZipEntry* ZipReader::find(std::string_view name) const {
  const auto place = std::ranges::find(entries_, name, &ZipEntry::name);
  return place == entries_.end() ? nullptr : &*place;
}

Result<std::optional<std::uint64_t>> ZipReader::first_foreign_byte() const {
  std::optional<std::uint64_t> found;
  const auto compare = [&](std::uint64_t at, const std::string& expected) -> Result<void> {
    const FileSlice slice{file_, at, std::min<std::uint64_t>(expected.size(), size_ - at)};
    const std::string bytes = TRY(read_slice(slice, "the zip file", expected.size()));
    const auto place = std::ranges::mismatch(bytes, expected);
    if (place.in1 != bytes.end() || bytes.size() != expected.size())
      found = at + static_cast<std::uint64_t>(place.in1 - bytes.begin());
    return {};
  };
  std::uint64_t at = 0;
  std::vector<ZipEntry> placed = entries_;
  for (ZipEntry& entry : placed) {
    entry.header = at;
    const std::string header = local_header(entry, kZip64From);
    TRY(compare(at, header));
    if (found) return found;
    if (entry.offset = at + header.size(); entry.offset != entries_[&entry - placed.data()].offset)
      return std::optional(at);
    at = entry.offset + entry.size;
  }
  const std::string directory = directory_of(placed, at, kZip64From);
  TRY(compare(at, directory));
  if (!found && at + directory.size() != size_) found = at + directory.size();
  return found;
}

}  // namespace tacho
