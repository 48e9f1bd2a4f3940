// SPDX-License-Identifier: Apache-2.0
// Finds out what the other programs have to know (task_scope.h), for whoever loads them.
#include "ledger/bpf/kernel_types.h"
#include "ledger/bpf/tasks.bpf.h"

// Not a licence for this file: what the helpers ask for.
char kLicense[] SEC("license") = "GPL";

// Put in before loading: the verifier goes through a loop over them turn by turn.
const volatile unsigned int possible_cpus = 0;

struct TaskScope found;

// The kernel says where its own per-CPU variables are only with KALLSYMS_ALL. A per-CPU map of ours
// lies in the same area: the address of its element on one CPU, less the shared address in the map's
// own structure, is the offset of that CPU for everything. A pointer becomes a number on the way
// through memory.
struct {
  __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
  __uint(max_entries, 1);
  __type(key, u32);
  __type(value, u64);
} cpu_anchor SEC(".maps");

static __always_inline u64 shared_address_of(u64 map_address) {
  u64 shared = 0;
  bpf_probe_read_kernel(&shared, sizeof shared,
                        (void *)(map_address + bpf_core_field_offset(struct bpf_array, pptrs)));
  return shared;
}

static __always_inline void find_cpus(void) {
  *(volatile u64 *)&found.anchor = (u64)&cpu_anchor;
  const u64 shared = shared_address_of(*(volatile u64 *)&found.anchor);
  const u32 zero = 0;
  for (u32 cpu = 0; cpu < kMostCpus && cpu < possible_cpus; ++cpu) {
    void *element = bpf_map_lookup_percpu_elem(&cpu_anchor, &zero, cpu);
    if (!element) return;
    *(volatile u64 *)&found.cpu_offset[cpu] = (u64)element;
    *(volatile u64 *)&found.cpu_offset[cpu] -= shared;
  }
  found.cpus = possible_cpus;
}

// Called in the pid namespace of the recorder.
SEC("raw_tp")
int find_scope(void *context) {
  struct task_struct *task = (void *)bpf_get_current_task();
  struct pid *pid = BPF_CORE_READ(task, thread_pid);
  found.pid_level = BPF_CORE_READ(pid, level);
  found.pid_namespace = (u64)number_at(pid, found.pid_level).ns;
  // Older kernels have not the helper.
  if (has_counters_per_cpu()) find_cpus();
  return 0;
}
