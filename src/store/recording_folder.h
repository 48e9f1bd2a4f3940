// SPDX-License-Identifier: Apache-2.0
// A recording's folder as it lies on disk: facts, tables, and the files of each. Follows no link at
// any step; reads no rows.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "journal/facts.h"
#include "store/finding.h"

namespace tacho {

// A file of a table that holds rows.
struct Segment {
  enum class Kind : std::uint8_t { part, live, foreign } kind = Kind::part;
  std::uint32_t number = 0;
  std::string name;
  std::uint64_t digest = 0;  // of a part, from its name
  std::uint64_t size = 0;
};

struct TableFolder {
  std::string name;
  std::shared_ptr<FileDescriptor> folder;  // shared: streams outlive the recording
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
  int descriptor() const { return folder_->get(); }
  const RecordingFacts& facts() const { return facts_; }
  const std::vector<TableFolder>& tables() const { return tables_; }
  const TableFolder* find(std::string_view table) const;
  std::uint64_t size() const { return size_; }
  bool is_recording_now() const { return is_recording_now_; }
  // What looking at the names showed: numbers that are missing, files that are no files.
  const std::vector<Finding>& findings() const { return findings_; }

 private:
  Result<void> read_facts();
  Result<void> list();

  std::string path_;
  std::shared_ptr<FileDescriptor> folder_;
  RecordingFacts facts_;
  std::vector<TableFolder> tables_;
  std::vector<Finding> findings_;
  std::uint64_t size_ = 0;
  bool is_recording_now_ = false;
};

// The files of one table; what is wrong with the names goes to `findings`.
Result<TableFolder> list_table(int recording, const std::string& name,
                               std::vector<Finding>& findings);

// Opens `name` for reading; `corrupt` for a link, FIFO or anything but a regular file.
Result<FileDescriptor> open_regular(int folder, const std::string& name);

}  // namespace tacho
