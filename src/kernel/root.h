// SPDX-License-Identifier: Apache-2.0
// The kernel's files below a prefix: "/" for the machine, a folder for a fixture or a container's
// view. Files that are read at every tick are opened once and read again from their start.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/file.h"

namespace tacho {

// The longest piece in which the kernel hands out a file's text, in bytes. It says whether a read that
// came back short was the last one: trying once more is a third of the cost of a small file, and half
// of vmstat's.
enum class Records : std::uint16_t {
  one_piece = 0,      // the whole file: stat, meminfo, snmp, pressure, sysctl, control groups
  name_value = 128,   // vmstat: a name and one number
  line = 512,         // diskstats, net/dev: a name and up to twenty numbers
  any = UINT16_MAX    // unknown: read until nothing comes
};

// A kernel file kept open. Not thread-safe; each collector has its own.
class KernelFile {
 public:
  KernelFile() = default;
  KernelFile(FileDescriptor descriptor, std::string path, Records records = Records::any);
  // The file's text as it is now, valid until the next call. The buffer grows to the largest size
  // seen and is then used again.
  Result<std::string_view> reread();
  const std::string& path() const { return path_; }
  explicit operator bool() const { return static_cast<bool>(descriptor_); }

 private:
  FileDescriptor descriptor_;
  std::string path_;
  std::string buffer_;
  Records records_ = Records::any;
};

struct SharedKernelFiles;  // of one Root

// A kernel file that several read in the same turn: it is read once. A turn begins with
// Root::begin_turn; where nobody says so, every call reads. Not thread-safe: for what runs in one thread.
class SharedKernelFile {
 public:
  SharedKernelFile() = default;
  // The file's text as of this turn, valid until the next one.
  Result<std::string_view> reread();
  explicit operator bool() const { return state_ != nullptr; }

 private:
  friend class Root;
  friend struct SharedKernelFiles;
  struct State;
  std::shared_ptr<State> state_;
};

class Root {
 public:
  // Opens the folder `prefix`.
  static Result<Root> open(const std::string& prefix = "/");

  Result<KernelFile> open_file(const std::string& path, Records records = Records::any) const;
  // The same file for all who ask for this path here.
  Result<SharedKernelFile> share_file(const std::string& path, Records records = Records::any) const;
  void begin_turn() const;
  // For files read once or seldom.
  Result<std::string> read(const std::string& path) const;
  // Sorted names in a folder.
  Result<std::vector<std::string>> list(const std::string& path) const;
  // What a symbolic link holds.
  Result<std::string> link_target(const std::string& path) const;
  bool exists(const std::string& path) const;
  // A descriptor on a folder, for openat.
  Result<FileDescriptor> open_folder(const std::string& path) const;
  // True for the real machine: system calls (statvfs, sched_getaffinity) speak of it.
  bool is_machine() const { return is_machine_; }
  const std::string& prefix() const { return prefix_; }

 private:
  FileDescriptor folder_;
  std::string prefix_;
  std::shared_ptr<SharedKernelFiles> shared_;
  bool is_machine_ = false;
};

}  // namespace tacho
