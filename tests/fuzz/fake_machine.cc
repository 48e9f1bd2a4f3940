// SPDX-License-Identifier: Apache-2.0
#include "fake_machine.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>

#include "base/text.h"
#include "fuzz.h"

namespace tacho::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kMark = "=== ";
// Enough for a machine, and few enough for thousands of them a minute.
constexpr std::size_t kMostFiles = 300, kLongestPath = 200;

// "proc/stat": plain names below the folders that a kernel has.
bool is_place(std::string_view path) {
  if (path.size() > kLongestPath || path.ends_with('/') || path.find("//") != path.npos) return false;
  if (!path.starts_with("proc/") && !path.starts_with("sys/") && !path.starts_with("etc/"))
    return false;
  for (std::string_view rest = path; !rest.empty();) {
    const std::string_view name = take_until(rest, '/');
    if (name.empty() || name == "." || name == ".." || name.find('\0') != name.npos) return false;
  }
  return true;
}

// Where a link at `path` leads stays inside: it goes up first, not beyond the folder, and then down.
bool stays_inside(std::string_view path, std::string_view target) {
  if (target.empty() || target.starts_with('/') || target.size() > kLongestPath) return false;
  auto depth = std::ranges::count(path, '/');
  bool goes_down = false;
  for (std::string_view rest = target; !rest.empty();) {
    const std::string_view name = take_until(rest, '/');
    if (name.find('\0') != name.npos || (name == ".." && (goes_down || --depth < 0))) return false;
    goes_down = goes_down || name != "..";
  }
  return true;
}

}  // namespace

FakeMachine::FakeMachine(std::string folder, std::string_view text) : folder_(std::move(folder)) {
  std::error_code error;
  fs::create_directories(folder_ + "/proc", error);
  std::set<std::string, std::less<>> made;
  std::size_t at = text.starts_with(kMark) ? 0 : text.find("\n=== ");
  for (std::size_t count = 0; at < text.size() && count < kMostFiles; ++count) {
    at += text[at] == '\n' ? 1 : 0;
    std::string_view rest = text.substr(at + kMark.size());
    std::string_view path = take_until(rest, '\n');
    const std::size_t next = text.find("\n=== ", at);
    const std::size_t begin = text.size() - rest.size();
    const std::string_view content =
        begin >= next || begin >= text.size() ? "" : text.substr(begin, next - begin + (next < text.size()));
    at = next;
    const std::size_t arrow = path.find(" -> ");
    const std::string_view target = arrow == path.npos ? "" : path.substr(arrow + 4);
    path = path.substr(0, arrow);
    // Below a link nothing is made: it may lead anywhere else in the folder.
    if (!is_place(path)) continue;
    const std::string place = folder_ + "/" + std::string(path);
    if (made.contains(path)) {
      later_.push_back({place, content});
      continue;
    }
    if (fs::exists(fs::symlink_status(place, error))) continue;
    // Below a link nothing is made: it may lead to any other place in the folder.
    const fs::path parent = fs::path(place).parent_path();
    if (fs::weakly_canonical(parent, error) != parent) continue;
    fs::create_directories(parent, error);
    if (!fs::is_directory(parent, error)) continue;
    if (!target.empty()) {
      if (stays_inside(path, target)) fs::create_symlink(std::string(target), place, error);
    } else {
      write_file(place, content);
      made.emplace(path);
    }
  }
}

FakeMachine::~FakeMachine() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void FakeMachine::change() {
  for (const File& file : later_) write_file(file.path, file.content);
}

}  // namespace tacho::fuzz
