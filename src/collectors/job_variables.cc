// SPDX-License-Identifier: Apache-2.0
#include "collectors/job_variables.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"

namespace tacho {
namespace {

// The innermost first: a CI job may have submitted the batch job, a batch job may run a build.
enum Variable : std::size_t {
  nix_build_top, nix_name, slurm_job, slurm_step, slurm_process, sge_job, sge_task, sge_root, pbs_job,
  lsf_job, github_run, github_job, github_repository, gitlab_job, gitlab_pipeline, gitlab_project,
  buildkite_job, buildkite_build, buildkite_pipeline, variable_count
};
struct KnownVariable {
  std::string_view name;
  std::string_view label;  // of a recording; empty: none
};
constexpr std::array<KnownVariable, variable_count> kVariables = {{
    {"NIX_BUILD_TOP", ""},
    {"name", ""},
    {"SLURM_JOB_ID", "slurm.job"},
    {"SLURM_STEP_ID", "slurm.step"},
    {"SLURM_PROCID", "slurm.process"},
    {"JOB_ID", "sge.job"},
    {"SGE_TASK_ID", "sge.task"},
    {"SGE_ROOT", ""},
    {"PBS_JOBID", "pbs.job"},
    {"LSB_JOBID", "lsf.job"},
    {"GITHUB_RUN_ID", "github.run"},
    {"GITHUB_JOB", "github.job"},
    {"GITHUB_REPOSITORY", "github.repository"},
    {"CI_JOB_ID", "gitlab.job"},
    {"CI_PIPELINE_ID", "gitlab.pipeline"},
    {"CI_PROJECT_PATH", "gitlab.project"},
    {"BUILDKITE_JOB_ID", "buildkite.job"},
    {"BUILDKITE_BUILD_ID", "buildkite.build"},
    {"BUILDKITE_PIPELINE_SLUG", "buildkite.pipeline"}}};
// The ids of all of them are much shorter; a derivation's name has at most 211 bytes.
constexpr std::size_t kLongest = 256;

using Values = std::array<std::string_view, variable_count>;

Values find_values(std::string_view environment) {
  Values values{};
  while (!environment.empty()) {
    std::string_view entry = take_until(environment, '\0');
    const std::string_view name = take_until(entry, '=');
    const auto known = std::ranges::find(kVariables, name, &KnownVariable::name);
    if (known != kVariables.end())
      values[static_cast<std::size_t>(known - kVariables.begin())] = entry;
  }
  return values;
}

// "/tmp/nix-build-hello-2.12.drv-0"
std::string_view derivation_of(std::string_view folder) {
  constexpr std::string_view kBefore = "nix-build-", kAfter = ".drv-";
  const std::size_t begin = folder.rfind(kBefore);
  const std::size_t end = folder.rfind(kAfter);
  if (begin == std::string_view::npos || end == std::string_view::npos || end < begin) return {};
  return folder.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

std::string job(std::string_view system, std::string_view id) {
  return std::string(system) + ":" + escaped(id, kLongest);
}

// JOB_ID is a common word; GridEngine's own variable stands beside it.
bool is_grid_engine(const Values& value) {
  return !value[sge_job].empty() && (!value[sge_root].empty() || !value[sge_task].empty());
}

bool is_array_task(const Values& value) {
  return !value[sge_task].empty() && value[sge_task] != "undefined";
}

}  // namespace

std::string job_of_environment(std::string_view environment) {
  const Values value = find_values(environment);
  if (!value[nix_build_top].empty()) {
    const std::string_view name = value[nix_name].empty() ? derivation_of(value[nix_build_top]) : value[nix_name];
    if (!name.empty()) return job("nix", name);
  }
  if (!value[slurm_job].empty()) return job("slurm", value[slurm_job]);
  if (is_grid_engine(value))
    return job("sge", std::string(value[sge_job]) +
                          (is_array_task(value) ? "." + std::string(value[sge_task]) : ""));
  if (!value[pbs_job].empty()) return job("pbs", value[pbs_job]);
  if (!value[lsf_job].empty()) return job("lsf", value[lsf_job]);
  if (!value[github_run].empty()) return job("github", value[github_run]);
  if (!value[gitlab_job].empty()) return job("gitlab", value[gitlab_job]);
  if (!value[buildkite_job].empty()) return job("buildkite", value[buildkite_job]);
  return {};
}

std::map<std::string, std::string, std::less<>> labels_of_environment(std::string_view environment) {
  Values value = find_values(environment);
  if (!is_grid_engine(value)) value[sge_job] = {};
  if (!is_grid_engine(value) || !is_array_task(value)) value[sge_task] = {};
  std::map<std::string, std::string, std::less<>> labels;
  for (std::size_t variable = 0; variable < variable_count; ++variable)
    if (!kVariables[variable].label.empty() && !value[variable].empty())
      labels.emplace(kVariables[variable].label, escaped(value[variable], kLongest));
  for (const auto& [variable, system] :
       {std::pair(github_run, "github"), std::pair(gitlab_job, "gitlab"), std::pair(buildkite_job, "buildkite")})
    if (!value[variable].empty()) labels.emplace("ci", system);
  return labels;
}

std::string own_environment() {
  std::string text;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) (text += *entry) += '\0';
  return text;
}

}  // namespace tacho
