// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>

#include "base/crc32.h"
#include "base/text.h"
#include "store/zip_records.h"

namespace tacho {
namespace {

// Reading in steps of this size is as fast as in larger ones and keeps memory small.
constexpr std::size_t kStep = std::size_t{256} << 10;

constexpr std::uint64_t kNeedsStored = 10, kNeedsZip64 = 45;  // versions of the format
constexpr std::uint64_t kMadeOnUnix = 3 << 8 | kNeedsZip64;
constexpr std::uint64_t kMidnight = 0, kFirstDay = 1 << 5 | 1;  // 1980-01-01: no time of packing
constexpr std::uint64_t kIs64 = 0xFFFFFFFF;                     // "see the zip64 record"
constexpr std::uint64_t kPrivateFile = std::uint64_t{kRegularFile | 0600} << 16;

std::uint64_t narrow(std::uint64_t value, std::uint64_t zip64_from) {
  return value >= zip64_from ? kIs64 : value;
}

std::string directory_entry(const ZipEntry& entry, std::uint64_t zip64_from) {
  RecordWriter wide;
  if (entry.size >= zip64_from) wide.u64(entry.size).u64(entry.size);
  if (entry.header >= zip64_from) wide.u64(entry.header);
  const std::string numbers = wide.take();
  RecordWriter extra_record;
  if (!numbers.empty()) extra_record.u16(kZip64Extra).u16(numbers.size()).text(numbers);
  const std::string extra = extra_record.take();
  RecordWriter record;
  record.u32(kDirectoryEntry).u16(kMadeOnUnix).u16(extra.empty() ? kNeedsStored : kNeedsZip64);
  record.u16(0).u16(0).u16(kMidnight).u16(kFirstDay).u32(entry.checksum);
  record.u32(narrow(entry.size, zip64_from)).u32(narrow(entry.size, zip64_from));
  record.u16(entry.name.size()).u16(extra.size()).u16(0).u16(0).u16(0).u32(kPrivateFile);
  record.u32(narrow(entry.header, zip64_from)).text(entry.name).text(extra);
  return record.take();
}

}  // namespace

std::string local_header(const ZipEntry& entry, std::uint64_t zip64_from) {
  const bool is_wide = entry.size >= zip64_from;
  RecordWriter record;
  record.u32(kLocalHeader).u16(is_wide ? kNeedsZip64 : kNeedsStored).u16(0).u16(0);
  record.u16(kMidnight).u16(kFirstDay).u32(entry.checksum);
  record.u32(narrow(entry.size, zip64_from)).u32(narrow(entry.size, zip64_from));
  record.u16(entry.name.size()).u16(is_wide ? 20 : 0).text(entry.name);
  if (is_wide) record.u16(kZip64Extra).u16(16).u64(entry.size).u64(entry.size);
  return record.take();
}

std::string directory_of(const std::vector<ZipEntry>& entries, std::uint64_t at,
                         std::uint64_t zip64_from) {
  std::string bytes;
  for (const ZipEntry& entry : entries) bytes += directory_entry(entry, zip64_from);
  const std::uint64_t size = bytes.size(), count = entries.size();
  const bool is_wide = at >= zip64_from || size >= zip64_from || count >= kZipCount;
  RecordWriter end;
  if (is_wide) {
    end.u32(kZip64End).u64(kZip64EndSize - 12).u16(kMadeOnUnix).u16(kNeedsZip64).u32(0).u32(0);
    end.u64(count).u64(count).u64(size).u64(at);
    end.u32(kZip64Locator).u32(0).u64(at + size).u32(1);
  }
  const std::uint64_t shown = std::min(count, kZipCount);
  end.u32(kDirectoryEnd).u16(0).u16(0).u16(shown).u16(shown);
  end.u32(narrow(size, zip64_from)).u32(narrow(at, zip64_from)).u16(0);
  return bytes + end.take();
}

Result<void> walk_slice(const FileSlice& slice, const std::string& name,
                        const std::function<Result<void>(std::span<const std::byte>)>& take) {
  std::vector<std::byte> step(static_cast<std::size_t>(std::min<std::uint64_t>(kStep, slice.size)));
  for (std::uint64_t done = 0; done < slice.size;) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step.size(), slice.size - done));
    const ssize_t got = pread(slice.file->get(), step.data(), wanted, static_cast<off_t>(slice.offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return last_system_error("read", escaped(name));
    if (got == 0)
      return Error{ErrorCode::corrupt, escaped(name) + " ends after " + std::to_string(done) + " of " +
                                           std::to_string(slice.size) + " bytes"};
    TRY(take(std::span(step).first(static_cast<std::size_t>(got))));
    done += static_cast<std::uint64_t>(got);
  }
  return {};
}

Result<std::string> read_slice(const FileSlice& slice, const std::string& name, std::size_t limit) {
  if (slice.size > limit)
    return Error{ErrorCode::corrupt, escaped(name) + " has " + std::to_string(slice.size) +
                                         " bytes; expected at most " + std::to_string(limit)};
  std::string text;
  TRY(walk_slice(slice, name, [&](std::span<const std::byte> bytes) -> Result<void> {
    text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return {};
  }));
  return text;
}

Result<void> ZipWriter::put(std::uint64_t at, std::string_view bytes) const {
  while (!bytes.empty()) {
    const ssize_t written = pwrite(descriptor_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_system_error("write", "the packed file");
    bytes.remove_prefix(static_cast<std::size_t>(written));
    at += static_cast<std::uint64_t>(written);
  }
  return {};
}

// The header has the checksum, so it is written when the bytes have passed.
Result<void> ZipWriter::add(const std::string& name, const FileSlice& slice,
                            const std::function<void(std::span<const std::byte>)>& see) {
  ZipEntry entry{.name = name, .header = at_, .size = slice.size};
  at_ += local_header(entry, zip64_from_).size();
  entry.offset = at_;
  TRY(walk_slice(slice, name, [&](std::span<const std::byte> bytes) -> Result<void> {
    if (see) see(bytes);
    entry.checksum = crc32(bytes, entry.checksum);
    TRY(put(at_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
    at_ += bytes.size();
    return {};
  }));
  TRY(put(entry.header, local_header(entry, zip64_from_)));
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> ZipWriter::add(const std::string& name, std::string_view bytes) {
  ZipEntry entry{.name = name,
                 .header = at_,
                 .size = bytes.size(),
                 .checksum = crc32(std::as_bytes(std::span(bytes)))};
  const std::string header = local_header(entry, zip64_from_);
  TRY(put(at_, header + std::string(bytes)));
  entry.offset = at_ + header.size();
  at_ = entry.offset + entry.size;
  entries_.push_back(std::move(entry));
  return {};
}

Result<void> ZipWriter::finish() { return put(at_, directory_of(entries_, at_, zip64_from_)); }

}  // namespace tacho
