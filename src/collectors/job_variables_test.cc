// SPDX-License-Identifier: Apache-2.0
#include "collectors/job_variables.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

std::string environment(std::initializer_list<std::string_view> entries) {
  std::string text;
  for (const std::string_view entry : entries) (text += entry) += '\0';
  return text;
}

TEST(JobVariables, NameTheSystemAndItsId) {
  EXPECT_EQ(job_of_environment(environment({"PATH=/bin", "SLURM_JOB_ID=4711"})), "slurm:4711");
  EXPECT_EQ(job_of_environment(environment({"JOB_ID=81", "SGE_TASK_ID=3", "SGE_ROOT=/opt/sge"})), "sge:81.3");
  EXPECT_EQ(job_of_environment(environment({"JOB_ID=81", "SGE_TASK_ID=undefined"})), "sge:81");
  EXPECT_EQ(job_of_environment(environment({"PBS_JOBID=12.head"})), "pbs:12.head");
  EXPECT_EQ(job_of_environment(environment({"LSB_JOBID=99"})), "lsf:99");
  EXPECT_EQ(job_of_environment(environment({"GITHUB_RUN_ID=5"})), "github:5");
  EXPECT_EQ(job_of_environment(environment({"CI_JOB_ID=6"})), "gitlab:6");
  EXPECT_EQ(job_of_environment(environment({"BUILDKITE_JOB_ID=0190-7"})), "buildkite:0190-7");
}

TEST(JobVariables, NameTheDerivationOfANixBuild) {
  EXPECT_EQ(job_of_environment(environment({"NIX_BUILD_TOP=/build", "name=hello-2.12"})), "nix:hello-2.12");
  EXPECT_EQ(job_of_environment(environment({"NIX_BUILD_TOP=/tmp/nix-build-hello-2.12.drv-0"})), "nix:hello-2.12");
}

TEST(JobVariables, LabelARecording) {
  using Labels = std::map<std::string, std::string, std::less<>>;
  EXPECT_EQ(labels_of_environment(environment({"SLURM_JOB_ID=7", "SLURM_STEP_ID=0", "SLURM_PROCID=3", "HOME=/x"})),
            (Labels{{"slurm.job", "7"}, {"slurm.step", "0"}, {"slurm.process", "3"}}));
  EXPECT_EQ(labels_of_environment(environment({"JOB_ID=81", "SGE_TASK_ID=undefined"})), (Labels{{"sge.job", "81"}}));
  EXPECT_EQ(labels_of_environment(environment({"JOB_ID=81", "SGE_TASK_ID=2"})),
            (Labels{{"sge.job", "81"}, {"sge.task", "2"}}));
  EXPECT_EQ(labels_of_environment(environment({"JOB_ID=81"})), Labels());
  EXPECT_EQ(labels_of_environment(environment({"PBS_JOBID=1.x", "LSB_JOBID=2"})),
            (Labels{{"pbs.job", "1.x"}, {"lsf.job", "2"}}));
  EXPECT_EQ(labels_of_environment(environment({"GITHUB_RUN_ID=5", "GITHUB_JOB=build", "GITHUB_REPOSITORY=a/b",
                                               "GITHUB_TOKEN=secret"})),
            (Labels{{"ci", "github"}, {"github.run", "5"}, {"github.job", "build"}, {"github.repository", "a/b"}}));
  EXPECT_EQ(labels_of_environment(environment({"CI_JOB_ID=6", "CI_PIPELINE_ID=7", "CI_PROJECT_PATH=g/p\x1b"})),
            (Labels{{"ci", "gitlab"}, {"gitlab.job", "6"}, {"gitlab.pipeline", "7"}, {"gitlab.project", "g/p\\x1b"}}));
  EXPECT_EQ(labels_of_environment(environment({"BUILDKITE_JOB_ID=0190", "BUILDKITE_BUILD_ID=9"})),
            (Labels{{"ci", "buildkite"}, {"buildkite.job", "0190"}, {"buildkite.build", "9"}}));
}

TEST(JobVariables, TakeTheInnermost) {
  EXPECT_EQ(job_of_environment(environment({"GITHUB_RUN_ID=5", "SLURM_JOB_ID=7"})), "slurm:7");
}

TEST(JobVariables, AreNotGuessed) {
  EXPECT_EQ(job_of_environment(environment({"JOB_ID=81"})), "");
  EXPECT_EQ(job_of_environment(environment({"name=x", "SLURM_JOB_IDX=1", "XSLURM_JOB_ID=1"})), "");
  EXPECT_EQ(job_of_environment(""), "");
  EXPECT_EQ(job_of_environment("SLURM_JOB_ID"), "");
}

TEST(JobVariables, AreHostileText) {
  EXPECT_EQ(job_of_environment(environment({"SLURM_JOB_ID=1\033[31m\n"})), "slurm:1\\x1b[31m\\x0a");
  EXPECT_LE(job_of_environment("PBS_JOBID=" + std::string(100'000, 'x')).size(), 270U);
}

}  // namespace
}  // namespace tacho
