// SPDX-License-Identifier: Apache-2.0
#include "collectors/cgroup_owner.h"

#include <gtest/gtest.h>

#include <string>

namespace tacho {
namespace {

const std::string kId = "3f4c8ad0b3e5d7f1a2c4e6f80912b4d6e8fa0c1e2d3f4a5b6c7d8e9fa0b1c2d3";

void expect_container(const std::string& path, std::string_view engine) {
  const CgroupOwner owner = owner_of_cgroup(path);
  EXPECT_EQ(owner.engine, engine) << path;
  EXPECT_EQ(owner.container, kId) << path;
}

TEST(CgroupOwner, KnowsContainersOfEveryEngine) {
  expect_container("/system.slice/docker-" + kId + ".scope", "docker");
  expect_container("/docker/" + kId, "docker");
  expect_container("/docker/" + kId + "/init", "docker");
  expect_container("/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" + kId +
                       ".scope/container",
                   "podman");
  expect_container("/machine.slice/libpod-" + kId + ".scope", "podman");
  expect_container("/libpod_parent/libpod-" + kId, "podman");
  expect_container("/kubepods.slice/kubepods-burstable.slice/"
                   "kubepods-burstable-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/"
                   "cri-containerd-" + kId + ".scope",
                   "containerd");
  expect_container("/kubepods/burstable/pod0a1b2c3d-1111-2222-3333-0123456789ab/" + kId,
                   "containerd");
  expect_container("/kubepods.slice/kubepods-pod0a1b2c3d_1111_2222_3333_0123456789ab.slice/crio-" +
                       kId + ".scope",
                   "cri-o");
  expect_container("/somewhere/" + kId, "");
}

TEST(CgroupOwner, KnowsThePodInBothSpellings) {
  constexpr std::string_view kPod = "0a1b2c3d-1111-2222-3333-0123456789ab";
  EXPECT_EQ(owner_of_cgroup("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-"
                            "pod0a1b2c3d_1111_2222_3333_0123456789ab.slice").pod, kPod);
  EXPECT_EQ(owner_of_cgroup("/kubepods/besteffort/pod0a1b2c3d-1111-2222-3333-0123456789ab").pod,
            kPod);
  EXPECT_EQ(owner_of_cgroup("/tripod/x").pod, "");
}

TEST(CgroupOwner, TakesNoSupervisorAndNoLongNameForAContainer) {
  EXPECT_EQ(owner_of_cgroup("/machine.slice/libpod-conmon-" + kId + ".scope").container, "");
  EXPECT_EQ(owner_of_cgroup("/system.slice/docker-" + kId.substr(1) + ".scope").container, "");
  EXPECT_EQ(owner_of_cgroup("/system.slice/docker.service").container, "");
}

TEST(CgroupOwner, KnowsLxc) {
  EXPECT_EQ(owner_of_cgroup("/lxc/web").container, "web");
  const CgroupOwner owner = owner_of_cgroup("/lxc.payload.web/system.slice/ssh.service");
  EXPECT_EQ(owner.engine, "lxc");
  EXPECT_EQ(owner.container, "web");
  EXPECT_EQ(owner.unit, "ssh.service");
}

TEST(CgroupOwner, KnowsTheInnermostUnit) {
  EXPECT_EQ(owner_of_cgroup("/system.slice/ssh.service").unit, "ssh.service");
  EXPECT_EQ(owner_of_cgroup("/user.slice/user-1000.slice/user@1000.service/app.slice/a.scope").unit,
            "a.scope");
  EXPECT_EQ(owner_of_cgroup("/user.slice").unit, "");
}

TEST(CgroupOwner, KnowsSlurmJobsOfBothVersions) {
  EXPECT_EQ(owner_of_cgroup("/slurm/uid_1000/job_123/step_0").job, "123");
  EXPECT_EQ(owner_of_cgroup("/system.slice/slurmstepd.scope/job_77/step_batch/user/task_0").job,
            "77");
  EXPECT_EQ(owner_of_cgroup("/custom/job_5").job, "");
}

TEST(CgroupOwners, AnswerForEachPathAskedAndForNone) {
  CgroupOwners owners;
  EXPECT_EQ(owners.of("").unit, "");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(owners.of("/system.slice/ssh.service").unit, "ssh.service");
    EXPECT_EQ(owners.of("/system.slice/ssh.service").unit, "ssh.service");
    EXPECT_EQ(owners.of("/slurm/uid_1000/job_123").job, "123");
    EXPECT_EQ(owners.of("").job, "");
  }
}

}  // namespace
}  // namespace tacho
