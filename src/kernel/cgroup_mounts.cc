// SPDX-License-Identifier: Apache-2.0
#include "kernel/cgroup_mounts.h"

#include <algorithm>

#include "kernel/fields.h"
#include "kernel/mount_table.h"

namespace tacho {
namespace {

// Options of a cgroup mount that are no controllers.
constexpr std::string_view kNoController[] = {"rw", "ro", "xattr", "noprefix", "clone_children"};

std::string without_slash_at_end(std::string path) {
  while (path.ends_with('/')) path.pop_back();
  return path;
}

std::vector<std::string> split_controllers(std::string_view list) {
  std::vector<std::string> controllers;
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view word = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    if (!word.empty() && std::ranges::find(kNoController, word) == std::end(kNoController))
      controllers.emplace_back(word);
  }
  return controllers;
}

bool has(const CgroupMounts::Hierarchy& hierarchy, std::string_view controller) {
  return std::ranges::find(hierarchy.controllers, controller) != hierarchy.controllers.end();
}

// The group's path below the hierarchy's mounted root. In a container with its own namespace a
// group outside is "/../..": then what is mounted is as near as we come.
std::string path_below(const CgroupMounts::Hierarchy& hierarchy, std::string_view group) {
  if (group.starts_with(hierarchy.root) &&
      (group.size() == hierarchy.root.size() || group[hierarchy.root.size()] == '/'))
    group.remove_prefix(hierarchy.root.size());
  if (group.find("/..") != std::string_view::npos) return "";
  return without_slash_at_end(std::string(group));
}

}  // namespace

CgroupMounts CgroupMounts::read(const Root& root) {
  CgroupMounts mounts;
  const auto text = root.read("proc/self/mountinfo");
  if (!text) return mounts;
  for (Lines lines(*text); lines.next();) {
    MountLine line;
    if (!parse_mount_line(lines.line(), line)) continue;
    if (line.type != "cgroup" && line.type != "cgroup2") continue;
    Hierarchy hierarchy{.version_2 = line.type == "cgroup2"};
    if (!hierarchy.version_2) hierarchy.controllers = split_controllers(line.super_options);
    append_mount_text(hierarchy.folder, line.point.substr(line.point.starts_with('/') ? 1 : 0));
    append_mount_text(hierarchy.root, line.root);
    hierarchy.root = without_slash_at_end(hierarchy.root);
    mounts.hierarchies_.push_back(std::move(hierarchy));
  }
  return mounts;
}

const CgroupMounts::Hierarchy* CgroupMounts::version_1(std::string_view controller) const {
  for (const Hierarchy& hierarchy : hierarchies_)
    if (!hierarchy.version_2 && has(hierarchy, controller)) return &hierarchy;
  return nullptr;
}

const CgroupMounts::Hierarchy* CgroupMounts::version_2() const {
  const auto found = std::ranges::find(hierarchies_, true, &Hierarchy::version_2);
  return found == hierarchies_.end() ? nullptr : &*found;
}

CgroupPlace CgroupMounts::place_of(std::string_view cgroup_file,
                                   std::string_view controller) const {
  const Hierarchy* old = version_1(controller);
  const Hierarchy* wanted = old != nullptr ? old : version_2();
  if (wanted == nullptr) return {};
  // "8:pids:/a" or "0::/a": number, controllers, path (which may hold colons).
  for (Lines lines(cgroup_file); lines.next();) {
    const std::size_t first = lines.line().find(':');
    const std::size_t second = lines.line().find(':', first + 1);
    if (first == std::string_view::npos || second == std::string_view::npos) continue;
    const std::string_view controllers = lines.line().substr(first + 1, second - first - 1);
    const bool matches = old != nullptr ? has_option(controllers, controller)
                                        : controllers.empty();
    if (matches) return {wanted->folder, path_below(*wanted, lines.line().substr(second + 1))};
  }
  return {};
}

}  // namespace tacho
