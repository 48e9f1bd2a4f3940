// SPDX-License-Identifier: Apache-2.0
// For tests and benchmarks alone: writes recordings as the recorder does, without one.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "journal/encoder.h"
#include "journal/facts.h"
#include "journal/journal_file.h"
#include "schema/rows.h"
#include "schema/table.h"

namespace tacho::testing {

// Tables in the form of the recorder's, with few columns.
extern const Table kSystem;       // switches (counter)
extern const Table kCpu;          // cpu (key), user (counter, ns), frequency (real gauge)
extern const Table kProcess;      // process, pid, state, cpu_time_user, memory_usage
extern const Table kProcessInfo;  // process, pid, command, user
extern const Table kProcessExit;  // process, pid, exit_time

class RecordingWriter {
 public:
  // Makes `path` (it must not exist) with recording.json and the first live file of each table.
  static Result<RecordingWriter> create(const std::string& path, std::vector<const Table*> tables);

  // Starts a tick: rows that are appended from now on bear it. Time and boottime are a second a
  // tick.
  void begin(std::uint64_t tick);
  Rows& rows(const Table& table);
  // Appends what was filled to the live files; tables without rows get nothing.
  Result<void> commit();
  // The next file of every table.
  Result<void> rotate();
  // Writes recording.json with an end.
  Result<void> finish(std::uint64_t last_tick);

  RecordingFacts facts;
  static constexpr std::int64_t kStartTime = 1'763'990'000'000'000'000;  // 2025-11-24T13:13:20Z
  static constexpr std::int64_t kStartBoottime = 5'000'000'000;
  static constexpr std::int64_t kSecond = 1'000'000'000;

 private:
  struct Open {
    const Table* table;
    FileDescriptor folder;
    Rows rows;
    BatchEncoder encoder;
    JournalFile file;
  };
  Result<JournalFile> create_file(int folder, const Table& table) const;
  Result<void> write_facts() const;

  FileDescriptor folder_;
  std::vector<std::unique_ptr<Open>> open_;
  std::uint32_t number_ = 1;
};

// Damage, as verbs. They abort the program when the file is not there.
void flip_bit(const std::string& path, std::uint64_t bit);
void cut_tail(const std::string& path, std::uint64_t size);
std::uint64_t size_of(const std::string& path);
std::string bytes_of(const std::string& path);
// Names in a folder that begin with `prefix`, sorted.
std::vector<std::string> names_in(const std::string& path, const std::string& prefix = "");

// A folder of its own below /tmp, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace tacho::testing
