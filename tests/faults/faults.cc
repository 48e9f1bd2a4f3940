// SPDX-License-Identifier: Apache-2.0
// libtacho_faults.so, for LD_PRELOAD: lets the n-th call that changes something below a folder fail.
//   TACHO_FAULT_FOLDER   calls on files below this path are counted
//   TACHO_FAULT_AT       the number of the call that fails, from 1
//   TACHO_FAULT_TIMES    how many calls fail from there on; 0: all
//   TACHO_FAULT_ERROR    errno, or "short": a write takes half of its bytes
//   TACHO_FAULT_REPORT   at the end this file says how many calls were counted and which one failed
// Counted are write, pwrite, pwritev, fsync, fdatasync, fallocate, ftruncate, mkdirat, open and openat
// that may create, and the families of rename and link.
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <vector>

namespace {

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? "" : value;
}

struct Plan {
  std::string folder = variable("TACHO_FAULT_FOLDER");
  long at = atol(variable("TACHO_FAULT_AT").c_str());
  long times = atol(variable("TACHO_FAULT_TIMES").c_str());
  std::string error = variable("TACHO_FAULT_ERROR");
  std::string report = variable("TACHO_FAULT_REPORT");
  std::atomic<long> calls{0};
  std::string failed;  // the first call that did; written once, by the thread that met it

  ~Plan() {
    if (report.empty()) return;
    FILE* file = fopen(report.c_str(), "w");
    if (file == nullptr) return;
    fprintf(file, "%ld\n%s\n", calls.load(), failed.c_str());
    fclose(file);
  }
};

Plan& plan() {
  static Plan made;
  return made;
}

std::string path_of(int descriptor) {
  char path[4096];
  const std::string link = "/proc/self/fd/" + std::to_string(descriptor);
  const ssize_t size = readlink(link.c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<size_t>(size)) : "";
}

std::string path_of(int folder, const char* name) {
  if (name[0] == '/' || folder == AT_FDCWD) return name;
  return path_of(folder) + "/" + name;
}

enum class Fault { none, error, half };

// Counts the call; what is to become of it. errno is set for an error.
Fault next(const char* call, const std::string& path) {
  Plan& the_plan = plan();
  if (the_plan.folder.empty() || !path.starts_with(the_plan.folder)) return Fault::none;
  const long number = ++the_plan.calls;
  const bool is_hit = the_plan.at > 0 && number >= the_plan.at &&
                      (the_plan.times == 0 || number < the_plan.at + the_plan.times);
  if (!is_hit) return Fault::none;
  if (number == the_plan.at) the_plan.failed = std::string(call) + " " + path;
  if (the_plan.error == "short") return Fault::half;
  errno = atoi(the_plan.error.c_str());
  return Fault::error;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

mode_t mode_in(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, mode_t) : 0;
}

}  // namespace

#define REAL(name) (*real<decltype(::name)>(#name))

extern "C" {

ssize_t write(int descriptor, const void* bytes, size_t size) {
  const Fault fault = next("write", path_of(descriptor));
  if (fault == Fault::error) return -1;
  return REAL(write)(descriptor, bytes, fault == Fault::half ? (size + 1) / 2 : size);
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  const Fault fault = next("pwrite", path_of(descriptor));
  if (fault == Fault::error) return -1;
  return REAL(pwrite)(descriptor, bytes, fault == Fault::half ? (size + 1) / 2 : size, offset);
}

ssize_t pwritev(int descriptor, const iovec* parts, int count, off_t offset) {
  const Fault fault = next("pwritev", path_of(descriptor));
  if (fault == Fault::error) return -1;
  if (fault == Fault::half)
    return REAL(pwrite)(descriptor, parts[0].iov_base, (parts[0].iov_len + 1) / 2, offset);
  return REAL(pwritev)(descriptor, parts, count, offset);
}

int fsync(int descriptor) {
  return next("fsync", path_of(descriptor)) == Fault::error ? -1 : REAL(fsync)(descriptor);
}

int fdatasync(int descriptor) {
  return next("fdatasync", path_of(descriptor)) == Fault::error ? -1 : REAL(fdatasync)(descriptor);
}

int fallocate(int descriptor, int mode, off_t offset, off_t size) {
  return next("fallocate", path_of(descriptor)) == Fault::error
             ? -1
             : REAL(fallocate)(descriptor, mode, offset, size);
}

int ftruncate(int descriptor, off_t size) noexcept {
  return next("ftruncate", path_of(descriptor)) == Fault::error ? -1
                                                                : REAL(ftruncate)(descriptor, size);
}

int mkdirat(int folder, const char* name, mode_t mode) noexcept {
  return next("mkdirat", path_of(folder, name)) == Fault::error ? -1
                                                                : REAL(mkdirat)(folder, name, mode);
}

int rename(const char* from, const char* to) noexcept {
  return next("rename", to) == Fault::error ? -1 : REAL(rename)(from, to);
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  return next("renameat", path_of(to_folder, to)) == Fault::error
             ? -1
             : REAL(renameat)(from_folder, from, to_folder, to);
}

int renameat2(int from_folder, const char* from, int to_folder, const char* to,
              unsigned flags) noexcept {
  return next("renameat2", path_of(to_folder, to)) == Fault::error
             ? -1
             : REAL(renameat2)(from_folder, from, to_folder, to, flags);
}

int link(const char* from, const char* to) noexcept {
  return next("link", to) == Fault::error ? -1 : REAL(link)(from, to);
}

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
  return next("linkat", path_of(to_folder, to)) == Fault::error
             ? -1
             : REAL(linkat)(from_folder, from, to_folder, to, flags);
}

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  if ((flags & O_CREAT) != 0 && next("open", path) == Fault::error) return -1;
  return REAL(open)(path, flags, mode);
}

int openat(int folder, const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_in(flags, arguments);
  va_end(arguments);
  if ((flags & O_CREAT) != 0 && next("openat", path_of(folder, name)) == Fault::error) return -1;
  return REAL(openat)(folder, name, flags, mode);
}

}  // extern "C"
