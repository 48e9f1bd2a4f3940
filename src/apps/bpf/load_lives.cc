// SPDX-License-Identifier: Apache-2.0
#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <string>

#include "apps/bpf/load.h"
#include "ledger/bpf_objects.h"

// The skeleton names it without our namespace.
#include "ledger/bpf/life_record.h"
using tacho::LifeState;
#include "lives.skel.h"

namespace tacho {
namespace {

using Lives = std::unique_ptr<lives_bpf, decltype([](lives_bpf* lives) { lives_bpf__destroy(lives); })>;

// Since Linux 6.16 the tracepoint of a thread's exit says whether it was the last: its function has a
// third parameter (the first is the tracepoint's own).
bool exit_tells_the_last(const btf* types) {
  int id = btf__find_by_name_kind(types, "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF);
  if (id < 0) return false;
  const btf_type* type = btf__type_by_id(types, static_cast<unsigned>(id));
  while (type != nullptr && (btf_is_typedef(type) || btf_is_ptr(type)))
    type = btf__type_by_id(types, type->type);
  return type != nullptr && btf_is_func_proto(type) && btf_vlen(type) == 3;
}

Result<Lives> load(bool tells_the_last) {
  Lives lives(lives_bpf__open());
  if (!lives) return bpf_error("open the BPF programs", errno);
  bpf_program__set_autoload(lives->progs.on_exit, tells_the_last);
  bpf_program__set_autoload(lives->progs.on_exit_before_6_16, !tells_the_last);
  const int error = lives_bpf__load(lives.get());
  if (error != 0) return bpf_error("load the BPF programs", error);
  TRY(prepare(lives->progs.prepare));
  return lives;
}

Result<void> attach(int socket, bpf_program* program, const std::string& name) {
  Link link(bpf_program__attach(program));
  if (!link) return bpf_error("attach to the kernel's " + name, errno);
  TRY(send_bpf_object(socket, "program " + name, bpf_program__fd(program)));
  return send_bpf_object(socket, "link " + name, bpf_link__fd(link.get()));
}

}  // namespace

Result<void> load_lives(int socket) {
  const KernelTypes types = TRY(kernel_types());
  const bool tells_the_last = exit_tells_the_last(types.get());
  const Lives lives = TRY(load(tells_the_last));
  TRY(send_bpf_object(socket, "ring", bpf_map__fd(lives->maps.ring)));
  TRY(send_bpf_object(socket, "state", bpf_map__fd(lives->maps.bss)));
  // The end of a life first: a process whose birth was not seen is known to have been there before.
  TRY(attach(socket, lives->progs.on_free, "free"));
  TRY(attach(socket, tells_the_last ? lives->progs.on_exit : lives->progs.on_exit_before_6_16, "exit"));
  TRY(attach(socket, lives->progs.on_exec, "exec"));
  return attach(socket, lives->progs.on_fork, "fork");
}

}  // namespace tacho
