// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/reader.h"

#include <fmt/format.h>
#include <limits.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace tacho {
namespace {

constexpr int kUnreadable = 3;

int tell_missing() {
  fmt::print(stderr,
             "tacho: tacho-reader is neither beside tacho nor in ../libexec/tacho: it reads and seals "
             "recordings; install tacho as a whole (make install)\n");
  return kUnreadable;
}

std::string path_of(const std::string& program) {
  char self[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
  if (size <= 0) return "";
  const std::string path(self, static_cast<std::size_t>(size));
  const std::string folder = path.substr(0, path.find_last_of('/'));
  for (const char* place : {"/", "/../libexec/tacho/"})
    if (const std::string found = folder + place + program; access(found.c_str(), X_OK) == 0) return found;
  return "";
}

}  // namespace

std::string reader_path() { return path_of("tacho-reader"); }

std::string bpf_program_path() { return path_of("tacho-bpf"); }

int become_reader(int argc, char** argv) {
  const std::string path = reader_path();
  if (path.empty()) return tell_missing();
  std::vector<char*> arguments(argv, argv + argc);
  arguments.push_back(nullptr);
  execv(path.c_str(), arguments.data());
  fmt::print(stderr, "tacho: cannot start {}: {}\n", path, strerror(errno));
  return kUnreadable;
}

int run_reader(const std::vector<std::string>& arguments) {
  const std::string path = reader_path();
  if (path.empty()) return tell_missing();
  std::vector<char*> words;
  words.push_back(const_cast<char*>("tacho"));
  for (const std::string& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
  words.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, path.c_str(), nullptr, nullptr, words.data(), environ);
  if (error != 0) {
    fmt::print(stderr, "tacho: cannot start {}: {}\n", path, strerror(error));
    return kUnreadable;
  }
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace tacho
