// SPDX-License-Identifier: Apache-2.0
#include "collectors/job_variables.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tacho {
namespace {

// The innermost first: a CI job may have submitted the batch job, a batch job may run a build.
enum Variable : std::size_t {
  nix_build_top, nix_name, slurm_job, sge_job, sge_task, sge_root, pbs_job, lsf_job, github_run,
  gitlab_job, buildkite_job, variable_count
};
constexpr std::array<std::string_view, variable_count> kNames = {
    "NIX_BUILD_TOP", "name",      "SLURM_JOB_ID",  "JOB_ID",    "SGE_TASK_ID",      "SGE_ROOT",
    "PBS_JOBID",     "LSB_JOBID", "GITHUB_RUN_ID", "CI_JOB_ID", "BUILDKITE_JOB_ID"};
// The ids of all of them are much shorter; a derivation's name has at most 211 bytes.
constexpr std::size_t kLongest = 256;

using Values = std::array<std::string_view, variable_count>;

Values find_values(std::string_view environment) {
  Values values{};
  while (!environment.empty()) {
    std::string_view entry = take_until(environment, '\0');
    const std::string_view name = take_until(entry, '=');
    const auto known = std::ranges::find(kNames, name);
    if (known != kNames.end()) values[static_cast<std::size_t>(known - kNames.begin())] = entry;
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

}  // namespace

std::string job_of_environment(std::string_view environment) {
  const Values value = find_values(environment);
  if (!value[nix_build_top].empty()) {
    const std::string_view name = value[nix_name].empty() ? derivation_of(value[nix_build_top]) : value[nix_name];
    if (!name.empty()) return job("nix", name);
  }
  if (!value[slurm_job].empty()) return job("slurm", value[slurm_job]);
  // JOB_ID is a common word; GridEngine's own variable stands beside it.
  if (!value[sge_job].empty() && (!value[sge_root].empty() || !value[sge_task].empty())) {
    const bool is_array = !value[sge_task].empty() && value[sge_task] != "undefined";
    return job("sge", std::string(value[sge_job]) + (is_array ? "." + std::string(value[sge_task]) : ""));
  }
  if (!value[pbs_job].empty()) return job("pbs", value[pbs_job]);
  if (!value[lsf_job].empty()) return job("lsf", value[lsf_job]);
  if (!value[github_run].empty()) return job("github", value[github_run]);
  if (!value[gitlab_job].empty()) return job("gitlab", value[gitlab_job]);
  if (!value[buildkite_job].empty()) return job("buildkite", value[buildkite_job]);
  return {};
}

}  // namespace tacho
