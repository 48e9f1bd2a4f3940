// SPDX-License-Identifier: Apache-2.0
#include "collectors/cgroup_owner.h"

#include <algorithm>

#include "base/text.h"

namespace tacho {
namespace {

// Engines with the systemd driver make a scope "PREFIX-ID.scope". What supervises a container
// (conmon) has a scope as well, and is none.
struct Engine {
  std::string_view prefix, name;
};
constexpr Engine kScopes[] = {{"docker-", "docker"},
                              {"libpod-", "podman"},
                              {"cri-containerd-", "containerd"},
                              {"nerdctl-", "containerd"},
                              {"crio-", "cri-o"}};
// With the plain driver the folder above the id says whose it is.
constexpr Engine kParents[] = {{"docker", "docker"},
                               {"libpod_parent", "podman"},
                               {"containerd", "containerd"}};
constexpr std::string_view kUnits[] = {".service", ".scope", ".mount", ".socket", ".swap"};

// An id of 64 hexadecimal digits, as all engines make them.
bool is_container_id(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

void look_for_container(std::string_view part, std::string_view above, bool in_pod,
                        CgroupOwner& owner) {
  for (const Engine& engine : kScopes) {
    std::string_view id = part;
    if (!take_prefix(id, engine.prefix)) continue;
    if (id.ends_with(".scope")) id.remove_suffix(6);
    if (!is_container_id(id)) continue;
    owner.engine = engine.name;
    owner.container = id;
    return;
  }
  std::string_view name = part;
  if (above == "lxc" || take_prefix(name, "lxc.payload.")) {
    owner.engine = "lxc";
    owner.container = name;
    return;
  }
  if (!is_container_id(part)) return;
  owner.container = part;
  for (const Engine& engine : kParents)
    if (above == engine.prefix) owner.engine = engine.name;
  if (in_pod && owner.engine.empty()) owner.engine = "containerd";
}

// "pod1234-..", "kubepods-burstable-pod1234_.._.slice": systemd's slices have _ for -.
void look_for_pod(std::string_view part, CgroupOwner& owner) {
  if (part.ends_with(".slice")) part.remove_suffix(6);
  const std::size_t pod = part.rfind("pod");
  if (pod == std::string_view::npos || (pod > 0 && part[pod - 1] != '-')) return;
  std::string uid(part.substr(pod + 3));
  std::ranges::replace(uid, '_', '-');
  // 36: a uuid; 32: the digest of a static pod's manifest.
  if ((uid.size() != 36 && uid.size() != 32) ||
      uid.find_first_not_of("0123456789abcdef-") != std::string::npos)
    return;
  owner.pod = std::move(uid);
}

void look_for_job(std::string_view part, CgroupOwner& owner) {
  if (!take_prefix(part, "job_") || part.empty()) return;
  if (part.find_first_not_of("0123456789") == std::string_view::npos) owner.job = part;
}

}  // namespace

CgroupOwner owner_of_cgroup(std::string_view path) {
  CgroupOwner owner;
  const bool slurm = path.find("slurm") != std::string_view::npos;
  std::string_view above;
  while (!path.empty()) {
    const std::string_view part = take_until(path, '/');
    if (part.empty()) continue;
    const bool is_unit = std::ranges::any_of(
        kUnits, [&](std::string_view suffix) { return part.ends_with(suffix); });
    if (is_unit) owner.unit = part;
    look_for_pod(part, owner);
    look_for_container(part, above, !owner.pod.empty(), owner);
    if (slurm) look_for_job(part, owner);
    above = part;
  }
  return owner;
}

const CgroupOwner& CgroupOwners::of(std::string_view path) {
  if (path != path_) {
    owner_ = owner_of_cgroup(path);
    path_ = path;
  }
  return owner_;
}

}  // namespace tacho
