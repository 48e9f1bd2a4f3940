// SPDX-License-Identifier: Apache-2.0
// The live file of a table: at every instant a complete Arrow IPC stream ("commit by length").
// A batch is written behind the end marker together with a new marker, then one aligned 4-byte write
// turns the old marker into the batch's length. The file is grown ahead, so that a full disk is
// met before anything changes, and never truncated: a reader may have it mapped.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

class JournalFile {
 public:
  // Creates `name` in `folder` (it must not exist) with the schema message and the end marker. It
  // appears whole, or not at all: killed in between, we leave a name that begins with a dot.
  static Result<JournalFile> create(int folder, const std::string& name,
                                    std::span<const std::byte> schema_message);

  // Commits a finished message. On an error the file still is what it was and the same message can
  // be tried again, unless is_broken().
  Result<void> append(std::span<const std::byte> message);
  // Writes zeros to where batches will come. A file system that only set the space aside notes, with each
  // sync, which of it was used; space that was written needs no note, and a sync writes nothing but batches.
  // For one that lives longer than a sync. On an error the file still is what it was, as with `append`.
  Result<void> write_ahead();
  // Begins to write to the disk what `sync` will wait for.
  void start_sync();
  // Where nothing but batches was written since the last sync, into space that needs no note, waits until the
  // device has them. True: all that is missing is that the device empties its cache, which the next sync of any
  // file there asks it for; `settle` is for when that is over. A failure breaks the file, as with `sync`.
  Result<bool> write_back();
  void settle() { dirty_ = false; }
  // fdatasync. A failed one breaks the file: the kernel may have dropped what was not written.
  Result<void> sync();

  bool needs_sync() const { return dirty_ && !broken_; }
  // True after an error that leaves the file's end unknown; it must be abandoned for a new one.
  bool is_broken() const { return broken_; }
  std::uint64_t size() const { return end_ + 8; }      // with the end marker
  std::uint64_t batches() const { return batches_; }   // the next sequence number
  std::uint64_t allocated() const { return allocated_; }

 private:
  Result<void> grow_to(std::uint64_t size);

  FileDescriptor file_;
  std::string name_;
  std::uint64_t end_ = 0;        // where the marker stands
  std::uint64_t allocated_ = 0;  // how far the file is grown
  std::uint64_t zeroed_ = 0;     // and how far zeros were written
  std::uint64_t noted_ = 0;      // and how far that was synced
  std::uint64_t batches_ = 0;
  bool can_allocate_ = true;
  bool overwrites_in_place_ = false;  // the file system, and notes nothing then
  bool dirty_ = false;
  bool broken_ = false;
};

// Syncs them all, files of one file system; `failed` is told of each that broke by it.
void sync_journals(std::span<JournalFile* const> files,
                   const std::function<void(const Error&)>& failed);

}  // namespace tacho
