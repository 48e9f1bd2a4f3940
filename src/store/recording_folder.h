// SPDX-License-Identifier: Apache-2.0
// A recording as it lies on disk, a folder or the one file that `tacho pack` makes of it: facts,
// tables, and the files of each. Follows no link at any step; reads no rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "journal/facts.h"
#include "store/finding.h"
#include "store/zip.h"

namespace tacho {

// A file of a table that holds rows.
struct Segment {
  enum class Kind : std::uint8_t { part, live, foreign } kind = Kind::part;
  std::uint32_t number = 0;
  std::string name;
  std::uint64_t digest = 0;  // of a part, from its name
  std::uint64_t size = 0;
  std::uint64_t offset = 0;  // in the packed file
};

struct TableFolder {
  std::string name;
  // One of these two; shared: streams outlive the recording.
  std::shared_ptr<FileDescriptor> folder;
  std::shared_ptr<const FileDescriptor> packed;  // the file of a packed recording: parts alone
  std::vector<Segment> segments;           // by number; each number once
  std::vector<Segment> superseded;         // live files whose part is there: their rows are in it
  std::vector<std::string> quarantined;    // bad-*
  std::vector<std::string> unknown;        // names that we did not make
  std::uint64_t size = 0;                  // bytes of all files, bad ones too
};

class RecordingFolder {
 public:
  // Errors as Recording::open (query/recording.h).
  static Result<RecordingFolder> open(const std::string& path);

  const std::string& path() const { return path_; }
  int descriptor() const { return folder_ ? folder_->get() : -1; }  // of the folder
  // Of a packed recording, else null.
  const ZipReader* packed() const { return packed_.get(); }
  const RecordingFacts& facts() const { return facts_; }
  const std::vector<TableFolder>& tables() const { return tables_; }
  const TableFolder* find(std::string_view table) const;
  std::uint64_t size() const { return size_; }
  bool is_recording_now() const { return is_recording_now_; }
  // What looking at the names showed: numbers that are missing, files that are no files.
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  static Result<RecordingFolder> open_packed(RecordingFolder self);  // store/packed_folder.cc
  Result<void> read_facts();
  Result<void> take_facts(std::string_view text);
  Result<void> list();
  Result<void> list_packed();
  void check_packed(std::string_view facts);

  std::string path_;
  std::shared_ptr<FileDescriptor> folder_;
  std::shared_ptr<const ZipReader> packed_;
  RecordingFacts facts_;
  std::vector<TableFolder> tables_;
  std::vector<Finding> findings_;
  std::uint64_t size_ = 0;
  bool is_recording_now_ = false;
};

// The files of one table; what is wrong with the names goes to `findings`.
Result<TableFolder> list_table(int recording, const std::string& name,
                               std::vector<Finding>& findings);

// Sorts the files of a table into it: of files with the same number the part counts. What is wrong
// with the numbers goes to `findings`.
void settle_segments(TableFolder& table, std::vector<Segment> all, std::vector<Finding>& findings);

// Tables are named by tacho: lower-case words. Whatever else lies in the folder is none.
bool is_table_name(std::string_view name);

// True for a regular file, or a link to one, that begins as a zip file does, or is named so.
bool is_packed_path(const std::string& path);

// Opens `name` for reading; `corrupt` for a link, FIFO or anything but a regular file.
Result<FileDescriptor> open_regular(int folder, const std::string& name);

// The bytes of a sealed file, in the folder or in the packed file.
Result<FileSlice> open_part_bytes(const TableFolder& table, const Segment& segment);

}  // namespace tacho
