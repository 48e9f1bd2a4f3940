// SPDX-License-Identifier: Apache-2.0
// Whose a control group is, told from its path: a container of an engine, a unit of systemd, a job
// of a batch system. Engines name groups in a few ways that have not changed for years.
#pragma once

#include <string>
#include <string_view>

namespace tacho {

struct CgroupOwner {
  std::string_view engine;  // "docker", "podman", "containerd", "cri-o", "lxc"; a literal
  std::string container;    // the engine's id of it
  std::string pod;          // Kubernetes' uid of the pod
  std::string unit;         // "ssh.service": the innermost unit on the path
  std::string job;          // Slurm's number of the job
};

// Empty where the path does not tell. Texts are as in the path: not escaped.
CgroupOwner owner_of_cgroup(std::string_view path);

// The same, for somebody who asks for one path many times in a row.
class CgroupOwners {
 public:
  // Valid until the next call.
  const CgroupOwner& of(std::string_view path);

 private:
  std::string path_;
  CgroupOwner owner_;
};

}  // namespace tacho
