// SPDX-License-Identifier: Apache-2.0
#include "journal/journal_file.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "journal/format.h"

namespace tacho {
namespace {

// A journal of a short run should not take megabytes; one that grows should not be grown often.
constexpr std::uint64_t kFirstStep = std::uint64_t{64} << 10;
constexpr std::uint64_t kLargestStep = std::uint64_t{1} << 20;
// A reader that maps the file sees as much as was grown when it opened it, and fails when a batch is
// committed across that end meanwhile. So the file grows some batches before it must.
constexpr std::uint64_t kAhead = std::uint64_t{16} << 10;

constexpr std::byte kMarker[kMarkerSize] = {std::byte{0xFF}, std::byte{0xFF}, std::byte{0xFF},
                                            std::byte{0xFF}};

Result<void> write_at(int descriptor, std::span<const std::byte> bytes, std::uint64_t offset,
                      const std::string& name) {
  while (!bytes.empty()) {
    const ssize_t written =
        pwrite(descriptor, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return last_system_error("write", name);
    if (written == 0) return system_error("write", name, EIO);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

// `bytes` and a marker behind them, in one call; a short write is completed.
Result<void> write_with_marker(int descriptor, std::span<const std::byte> bytes,
                               std::uint64_t offset, const std::string& name) {
  const iovec parts[2] = {
      {const_cast<std::byte*>(bytes.data()), bytes.size()},
      {const_cast<std::byte*>(kMarker), sizeof kMarker},
  };
  ssize_t written = 0;
  do {
    written = pwritev(descriptor, parts, 2, static_cast<off_t>(offset));
  } while (written < 0 && errno == EINTR);
  if (written < 0) return last_system_error("write", name);
  const auto done = static_cast<std::size_t>(written);
  if (done == bytes.size() + sizeof kMarker) return {};
  if (done < bytes.size()) {
    auto rest = write_at(descriptor, bytes.subspan(done), offset + done, name);
    if (!rest) return rest;
  }
  const std::size_t marker_done = done > bytes.size() ? done - bytes.size() : 0;
  return write_at(descriptor, std::span(kMarker).subspan(marker_done),
                  offset + bytes.size() + marker_done, name);
}

// ext2 to ext4. XFS does so too, but not in a file that somebody copied meanwhile: `cp` makes copies there that
// share their blocks, and who writes then gets others.
bool overwrites_in_place(int descriptor) {
  struct statfs found {};
  return fstatfs(descriptor, &found) == 0 && found.f_type == EXT4_SUPER_MAGIC;
}

// Never replaces what is there. Where the file system has no call for that, the recording's lock is
// what keeps others away between the look and the renaming.
Result<void> give_name(int folder, const std::string& temporary, const std::string& name) {
  if (renameat2(folder, temporary.c_str(), folder, name.c_str(), RENAME_NOREPLACE) == 0) return {};
  if (errno != EINVAL && errno != ENOSYS) return last_system_error("create", name);
  if (faccessat(folder, name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0)
    return system_error("create", name, EEXIST);
  if (renameat(folder, temporary.c_str(), folder, name.c_str()) == 0) return {};
  return last_system_error("create", name);
}

}  // namespace

Result<JournalFile> JournalFile::create(int folder, const std::string& name,
                                        std::span<const std::byte> schema_message) {
  JournalFile journal;
  journal.name_ = name;
  const std::string temporary = "." + name;
  unlinkat(folder, temporary.c_str(), 0);  // of an attempt that could not take it back
  journal.file_ = FileDescriptor(
      openat(folder, temporary.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!journal.file_) return last_system_error("create", name);
  auto made = journal.grow_to(schema_message.size() + kMarkerSize);
  if (made) made = write_with_marker(journal.file_.get(), schema_message, 0, name);
  if (made) made = give_name(folder, temporary, name);
  if (!made) {
    unlinkat(folder, temporary.c_str(), 0);
    return Error(made.error());
  }
  journal.end_ = schema_message.size();
  journal.dirty_ = true;
  journal.overwrites_in_place_ = overwrites_in_place(journal.file_.get());
  return journal;
}

Result<void> JournalFile::append(std::span<const std::byte> message) {
  if (broken_) return Error{ErrorCode::io, name_ + " was abandoned after an error"};
  const std::uint64_t needed = end_ + message.size() + kMarkerSize;
  const auto grown = grow_to(needed + kAhead);
  if (!grown && needed > allocated_) return grown;
  dirty_ = true;
  // All but the first 8 bytes, and the new marker: nothing that a reader sees has changed yet.
  const auto written =
      write_with_marker(file_.get(), message.subspan(kPrefixSize), end_ + kPrefixSize, name_);
  if (!written) {
    // What the device refused once it may refuse for ever at this place; space can come back.
    broken_ = written.error().system_error == EIO;
    return written;
  }
  // The commit: four aligned bytes turn the old marker into the length.
  std::uint32_t length = 0;
  std::memcpy(&length, message.data() + 4, sizeof length);
  auto committed = write_at(file_.get(), std::as_bytes(std::span(&length, 1)), end_ + 4, name_);
  if (!committed) {
    broken_ = true;
    return committed;
  }
  end_ += message.size();
  ++batches_;
  return {};
}

Result<void> JournalFile::write_ahead() {
  if (broken_ || !can_allocate_ || zeroed_ == allocated_) return {};
  static std::byte zeros[std::size_t{16} << 10];  // never written: the system has one such page for all
  for (std::uint64_t at = std::max(zeroed_, end_ + kMarkerSize); at < allocated_;) {
    const std::uint64_t size = std::min<std::uint64_t>(sizeof zeros, allocated_ - at);
    dirty_ = true;
    const auto written = write_at(file_.get(), std::span(zeros).first(size), at, name_);
    if (!written) {
      broken_ = written.error().system_error == EIO;
      return written;
    }
    at += size;
    zeroed_ = at;
  }
  return {};
}

void JournalFile::start_sync() {
  // What it does not start, `sync` does; errors are for that one to meet.
  if (needs_sync()) sync_file_range(file_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
}

Result<bool> JournalFile::write_back() {
  if (!needs_sync() || !overwrites_in_place_ || noted_ == 0 || noted_ != allocated_) return false;
  constexpr unsigned kAll =
      SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
  if (sync_file_range(file_.get(), 0, 0, kAll) == 0) return true;
  if (errno == EPERM || errno == ENOSYS) return false;  // a container may forbid the call
  broken_ = true;
  return last_system_error("sync", name_);
}

Result<void> JournalFile::sync() {
  if (!needs_sync()) return {};
  if (fdatasync(file_.get()) != 0) {
    broken_ = true;
    return last_system_error("sync", name_);
  }
  dirty_ = false;
  noted_ = zeroed_;
  return {};
}

// All are on their way to the disk before the first is waited for: then one commit of the file system's own
// journal serves them all, and one emptying of the device's cache those that need nothing else.
void sync_journals(std::span<JournalFile* const> files,
                   const std::function<void(const Error&)>& failed) {
  for (JournalFile* file : files) file->start_sync();
  std::vector<JournalFile*> written_back, others;
  for (JournalFile* file : files) {
    if (!file->needs_sync()) continue;
    const auto is_written = file->write_back();
    if (is_written) {
      (*is_written ? written_back : others).push_back(file);
    } else {
      failed(is_written.error());
    }
  }
  if (others.empty() && !written_back.empty()) {
    others.push_back(written_back.back());
    written_back.pop_back();
  }
  bool is_device_done = false;
  for (JournalFile* file : others) {
    const auto synced = file->sync();
    if (!synced) failed(synced.error());
    is_device_done |= static_cast<bool>(synced);
  }
  for (JournalFile* file : written_back) {
    if (is_device_done) {
      file->settle();
    } else if (const auto synced = file->sync(); !synced) {
      failed(synced.error());
    }
  }
}

Result<void> JournalFile::grow_to(std::uint64_t size) {
  if (size <= allocated_) return {};
  const std::uint64_t step = std::clamp(allocated_, kFirstStep, kLargestStep);
  const std::uint64_t target = std::max(allocated_ + step, (size + kFirstStep - 1) / kFirstStep * kFirstStep);
  if (can_allocate_) {
    if (fallocate(file_.get(), 0, 0, static_cast<off_t>(target)) == 0) {
      allocated_ = target;
      return {};
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINTR)
      return last_system_error("grow", name_);
    can_allocate_ = errno == EINTR;
  }
  // Without fallocate a full disk is met while writing; the marker protocol still holds.
  if (ftruncate(file_.get(), static_cast<off_t>(target)) != 0)
    return last_system_error("grow", name_);
  allocated_ = target;
  return {};
}

}  // namespace tacho
