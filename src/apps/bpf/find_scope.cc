// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>

#include <cerrno>
#include <memory>

#include "apps/bpf/load.h"

// The skeleton names it without our namespace.
using tacho::TaskScope;
#include "scope.skel.h"

namespace tacho {
namespace {

using Scope = std::unique_ptr<scope_bpf, decltype([](scope_bpf* scope) { scope_bpf__destroy(scope); })>;

// CPUs that the machine may have; 0 when they are more than our programs have room for.
unsigned possible_cpus() {
  const int count = libbpf_num_possible_cpus();
  return count < 1 || count > kMostCpus ? 0 : static_cast<unsigned>(count);
}

}  // namespace

Result<TaskScope> find_scope() {
  const Scope scope(scope_bpf__open());
  if (!scope) return bpf_error("open the BPF program", errno);
  scope->rodata->possible_cpus = possible_cpus();
  if (const int error = scope_bpf__load(scope.get()); error != 0)
    return bpf_error("load the BPF program", error);
  bpf_test_run_opts run{.sz = sizeof run};
  const int error = bpf_prog_test_run_opts(bpf_program__fd(scope->progs.find_scope), &run);
  if (error != 0) return bpf_error("run a BPF program", error);
  return scope->bss->found;
}

}  // namespace tacho
