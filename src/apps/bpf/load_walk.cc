// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>

#include "apps/bpf/load.h"
#include "ledger/bpf_objects.h"

// The skeleton names it without our namespace.
#include "ledger/bpf/walk_record.h"
using tacho::WalkState;
#include "walk.skel.h"

namespace tacho {
namespace {

using Walk = std::unique_ptr<walk_bpf, decltype([](walk_bpf* walk) { walk_bpf__destroy(walk); })>;

}  // namespace

Result<void> load_walk(int socket) {
  const KernelTypes types = TRY(kernel_types());
  if (btf__find_by_name_kind(types.get(), "bpf_iter_task_new", BTF_KIND_FUNC) < 0)
    return Error{ErrorCode::absent, "this kernel cannot walk over processes for us (Linux 6.7 can)",
                 ENOENT};
  const Walk walk(walk_bpf__open());
  if (!walk) return bpf_error("open the BPF program", errno);
  const int error = walk_bpf__load(walk.get());
  if (error != 0) return bpf_error("load the BPF program", error);
  TRY(prepare(walk->progs.prepare));
  TRY(send_bpf_object(socket, "state", bpf_map__fd(walk->maps.bss)));
  TRY(send_bpf_object(socket, "rows", bpf_map__fd(walk->maps.rows)));
  return send_bpf_object(socket, "program walk", bpf_program__fd(walk->progs.walk));
}

}  // namespace tacho
