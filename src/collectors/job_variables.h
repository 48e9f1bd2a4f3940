// SPDX-License-Identifier: Apache-2.0
// The job that a process works for, from named variables of its environment. No other variable is
// looked at, and none is kept.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace tacho {

// `environment` as in /proc/PID/environ: NAME=VALUE, each with a NUL behind it. "slurm:4711",
// "sge:81.3" (job and array task), "pbs:12.head", "lsf:99", "github:RUN", "gitlab:ID",
// "buildkite:ID", "nix:NAME" (the derivation). Escaped; empty without a job.
std::string job_of_environment(std::string_view environment);

// What a recording that is made in this environment is labelled with: "slurm.job" = "4711",
// "slurm.step", "github.repository" ..., and "ci" = "github", "gitlab" or "buildkite". Escaped, at most
// 256 bytes each.
std::map<std::string, std::string, std::less<>> labels_of_environment(std::string_view environment);

// Of this process, in the form of /proc/PID/environ.
std::string own_environment();

}  // namespace tacho
