// SPDX-License-Identifier: Apache-2.0
#include "collectors/process_reader.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/read_clock.h"
#include "collectors/process_files.h"
#include "kernel/fields.h"

namespace tacho {
namespace {

// /proc/PID/status is the largest we read whole, 1.4 kB; of cmdline we take as much as fits.
constexpr std::size_t kBuffer = 16384;
// A folder entry of /proc takes 24 to 32 bytes; 1,000 processes in one call.
constexpr std::size_t kListBuffer = 32768;

// Listing costs 1 us a process, the count of those that were made 25: worth it from here on.
constexpr std::size_t kManyProcesses = 200;

// The clock that runs while threads of the process do (clock_getcpuclockid(3), which would ask the kernel
// for the clock once more).
constexpr clockid_t clock_of_process(int pid) {
  constexpr clockid_t kScheduled = 2;  // CPUCLOCK_SCHED: time on a CPU, in user mode and in the kernel
  return static_cast<clockid_t>(~static_cast<unsigned>(pid) << 3 | kScheduled);
}

// "PID/NAME" without allocating.
struct Path {
  char text[64];
  Path(int pid, const char* name) { std::snprintf(text, sizeof text, "%d/%s", pid, name); }
};

}  // namespace

Result<ProcessReader> ProcessReader::create(const Root& root) {
  ProcessReader reader;
  reader.folder_ = TRY(root.open_folder("proc"));
  reader.is_machine_ = root.is_machine();
  if (auto stat = root.open_file("proc/stat", Records::one_piece))
    reader.machine_stat_ = std::move(*stat);
  reader.buffer_.resize(kBuffer);
  reader.has_our_pids_ = reader.is_machine_ && reader.shows_our_pids();
  reader.has_clocks_ = reader.has_our_pids_ && reader.cpu_time(getpid());
  return reader;
}

// A container may have been given the /proc of its host.
bool ProcessReader::shows_our_pids() {
  char self[16];
  const ssize_t size = readlinkat(folder_.get(), "self", self, sizeof self);
  if (size < 0 || std::string_view(self, static_cast<std::size_t>(size)) != std::to_string(getpid()))
    return false;
  int error = 0;
  return !parse_process_status(read(getpid(), "status", error)).inner_pid;
}

std::optional<std::int64_t> ProcessReader::cpu_time(int pid) const {
  const auto time = find_clock(clock_of_process(pid));
  if (!time) return std::nullopt;
  return time->count();
}

std::optional<std::int64_t> ProcessReader::count_made() {
  if (!is_machine_ || !machine_stat_) return std::nullopt;
  const auto text = machine_stat_.reread();
  if (!text) return std::nullopt;
  constexpr std::string_view kName = "\nprocesses ";
  const std::size_t at = text->find(kName);
  if (at == std::string_view::npos) return std::nullopt;
  return Fields(text->substr(at + kName.size())).number();
}

Result<void> ProcessReader::list(std::vector<int>& pids) {
  alignas(dirent64) thread_local char entries[kListBuffer];
  const auto made = pids.size() < kManyProcesses ? std::nullopt : count_made();
  if (made && made == made_) return {};
  made_.reset();
  pids.clear();
  if (lseek(folder_.get(), 0, SEEK_SET) != 0) return last_system_error("list", "/proc");
  while (true) {
    const long got = syscall(SYS_getdents64, folder_.get(), entries, sizeof entries);
    if (got < 0) return last_system_error("list", "/proc");
    if (got == 0) break;
    for (long at = 0; at < got;) {
      const auto* entry = reinterpret_cast<const dirent64*>(entries + at);
      at += entry->d_reclen;
      int pid = 0;
      const char* c = entry->d_name;
      while (*c >= '0' && *c <= '9' && pid < 100'000'000) pid = pid * 10 + (*c++ - '0');
      if (*c == '\0' && pid > 0) pids.push_back(pid);
    }
  }
  // The kernel lists them ascending; a fixture's file system does not.
  if (!std::is_sorted(pids.begin(), pids.end())) std::sort(pids.begin(), pids.end());
  made_ = made;
  return {};
}

FileDescriptor ProcessReader::open(int pid, const char* name) const {
  return FileDescriptor(openat(folder_.get(), Path(pid, name).text, O_RDONLY | O_CLOEXEC));
}

std::string_view ProcessReader::read(const FileDescriptor& kept, int& error) {
  const ssize_t got = pread(kept.get(), buffer_.data(), buffer_.size(), 0);
  error = got < 0 ? errno : 0;
  return {buffer_.data(), got < 0 ? 0 : static_cast<std::size_t>(got)};
}

std::string_view ProcessReader::read(int pid, const char* name, int& error) {
  const FileDescriptor file = open(pid, name);
  if (!file) {
    error = errno;
    return {};
  }
  return read(file, error);
}

std::optional<std::string> ProcessReader::link(int pid, const char* name) const {
  char target[PATH_MAX];
  const ssize_t size = readlinkat(folder_.get(), Path(pid, name).text, target, sizeof target);
  if (size < 0) return std::nullopt;
  return std::string(target, static_cast<std::size_t>(size));
}

std::optional<std::int64_t> ProcessReader::descriptor_limit(int pid) {
  rlimit limit{};
  if (has_our_pids_ && prlimit(pid, RLIMIT_NOFILE, nullptr, &limit) == 0)
    return limit.rlim_cur == RLIM_INFINITY
               ? std::nullopt
               : std::optional(static_cast<std::int64_t>(limit.rlim_cur));
  int error = 0;
  return parse_open_files_limit(read(pid, "limits", error));
}

bool ProcessReader::exists(int pid) const {
  return faccessat(folder_.get(), Path(pid, "").text, F_OK, 0) == 0;
}

std::optional<std::int64_t> ProcessReader::count_descriptors(int pid) const {
  const Path path(pid, "fd");
  struct stat status {};
  if (fstatat(folder_.get(), path.text, &status, 0) != 0) return std::nullopt;
  if (faccessat(folder_.get(), path.text, R_OK, AT_EACCESS) != 0) return std::nullopt;
  if (status.st_size > 0) return status.st_size;  // Linux 6.2: the size is the count
  const FileDescriptor folder(openat(folder_.get(), path.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return std::nullopt;
  alignas(dirent64) char entries[4096];
  std::int64_t count = -2;  // "." and ".."
  while (true) {
    const long got = syscall(SYS_getdents64, folder.get(), entries, sizeof entries);
    if (got <= 0) break;
    for (long at = 0; at < got; ++count)
      at += reinterpret_cast<const dirent64*>(entries + at)->d_reclen;
  }
  return std::max<std::int64_t>(count, 0);
}

}  // namespace tacho
