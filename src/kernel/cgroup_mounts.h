// SPDX-License-Identifier: Apache-2.0
// Where the control groups are: version 2, version 1 (a hierarchy for each controller) or both
// side by side, as /proc/self/mountinfo has it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/root.h"

namespace tacho {

// A group: the folder its hierarchy is mounted on (below the Root, no slash at its end) and the
// group's path in it, "" for the top, else "/a/b".
struct CgroupPlace {
  std::string folder;
  std::string path;
};

class CgroupMounts {
 public:
  struct Hierarchy {
    bool version_2 = false;
    std::vector<std::string> controllers;  // of version 1: "cpu", "cpuacct", "name=systemd"
    std::string folder;                    // "sys/fs/cgroup/memory"
    std::string root;                      // the group that is mounted there; "" for the top
  };

  // None when nothing is mounted or mountinfo cannot be read.
  static CgroupMounts read(const Root& root);
  const std::vector<Hierarchy>& hierarchies() const { return hierarchies_; }
  // The hierarchy of version 1 with this controller, or null.
  const Hierarchy* version_1(std::string_view controller) const;
  const Hierarchy* version_2() const;
  // Where the process with this /proc/PID/cgroup stands for `controller`: in version 1 where that
  // has the controller, else in version 2. An empty folder: nowhere that we can see.
  CgroupPlace place_of(std::string_view cgroup_file, std::string_view controller) const;

 private:
  std::vector<Hierarchy> hierarchies_;
};

}  // namespace tacho
