// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "apps/bpf/load.h"
#include "ledger/bpf_objects.h"

// The skeleton names it without our namespace.
#include "ledger/bpf/walk_record.h"
using tacho::TaskScope;
using tacho::WalkState;
#include "walk.skel.h"

namespace tacho {
namespace {

using Walk = std::unique_ptr<walk_bpf, decltype([](walk_bpf* walk) { walk_bpf__destroy(walk); })>;

}  // namespace

Result<void> load_walk(int socket) {
  TRY(check_kernel());
  const TaskScope scope = TRY(find_scope());
  const Walk walk(walk_bpf__open());
  if (!walk) return bpf_error("open the BPF program", errno);
  walk->rodata->scope = scope;
  const int error = walk_bpf__load(walk.get());
  if (error != 0 && is_missing_function(error))
    return Error{ErrorCode::absent, "this kernel cannot walk over processes for us (Linux 6.7 can)",
                 ESRCH};
  if (error != 0) return bpf_error("load the BPF program", error);
  TRY(send_bpf_object(socket, "state", bpf_map__fd(walk->maps.bss)));
  TRY(send_bpf_object(socket, "rows", bpf_map__fd(walk->maps.rows)));
  return send_bpf_object(socket, "program walk", bpf_program__fd(walk->progs.walk));
}

}  // namespace tacho
