// SPDX-License-Identifier: Apache-2.0
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "apps/bpf/load.h"
#include "ledger/bpf_objects.h"

// The skeleton names it without our namespace.
#include "ledger/bpf/life_record.h"
using tacho::LifeRecords;
using tacho::LifeState;
using tacho::TaskScope;
#include "lives.skel.h"
#include "lives_before_6_2.skel.h"

namespace tacho {
namespace {

// Where the end of a process is told.
enum class Exit { tracepoint, before_6_16 };

// What is used of the programs once they are loaded, whichever skeleton they are of.
struct Lives {
  std::shared_ptr<void> owner;
  bpf_map *ring, *records, *state;  // no records: they are in the ring
  bpf_program *fork, *exec, *exit, *free;
};

Result<std::uint64_t> any_number() {
  std::uint64_t number = 0;
  if (getrandom(&number, sizeof number, 0) != sizeof number)
    return last_system_error("read", "random numbers of the kernel");
  return number;
}

template <auto open, auto load, auto destroy>
Result<Lives> load_as(const TaskScope& scope, Exit exit) {
  forget_what_libbpf_said();
  auto* lives = open();
  if (lives == nullptr) return bpf_error("open the BPF programs", errno);
  std::shared_ptr<void> owner(lives, [](void* of) { destroy(static_cast<decltype(open())>(of)); });
  lives->rodata->scope = scope;
  const bool by_tracepoint = exit == Exit::tracepoint;
  bpf_program__set_autoload(lives->progs.on_exit, by_tracepoint);
  bpf_program__set_autoload(lives->progs.on_exit_before_6_16, !by_tracepoint);
  const int error = load(lives);
  if (error != 0) return bpf_error("load the BPF programs", error);
  lives->bss->state.secret = TRY(any_number());
  bpf_map* records = nullptr;
  if constexpr (requires { lives->maps.records; }) records = lives->maps.records;
  return Lives{.owner = std::move(owner),
               .ring = lives->maps.ring,
               .records = records,
               .state = lives->maps.bss,
               .fork = lives->progs.on_fork,
               .exec = lives->progs.on_exec,
               .exit = by_tracepoint ? lives->progs.on_exit : lives->progs.on_exit_before_6_16,
               .free = lives->progs.on_free};
}

// The version's number does not tell what a kernel has: distributions carry changes back. Since Linux 6.2
// the function is there that makes loading quick. Since 6.16 the tracepoint of a thread's exit says whether it
// was the last; before, the verifier refuses a program that asks.
Result<Lives> load_what_fits(const TaskScope& scope) {
  constexpr auto kSince62 = load_as<lives_bpf__open, lives_bpf__load, lives_bpf__destroy>;
  constexpr auto kBefore62 = load_as<lives_before_6_2_bpf__open, lives_before_6_2_bpf__load,
                                     lives_before_6_2_bpf__destroy>;
  auto lives = kSince62(scope, Exit::tracepoint);
  if (lives) return lives;
  const int error = lives.error().system_error;
  if (is_missing_function(-error)) return kBefore62(scope, Exit::before_6_16);
  if (error == EACCES || error == EINVAL) return kSince62(scope, Exit::before_6_16);
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
  TRY(check_kernel());
  const Lives lives = TRY(load_what_fits(TRY(find_scope())));
  TRY(send_bpf_object(socket, "ring", bpf_map__fd(lives.ring)));
  if (lives.records != nullptr)
    TRY(send_bpf_object(socket, "records", bpf_map__fd(lives.records)));
  TRY(send_bpf_object(socket, "state", bpf_map__fd(lives.state)));
  // The end of a life first: a process whose birth was not seen is known to have been there before.
  TRY(attach(socket, lives.free, "free"));
  TRY(attach(socket, lives.exit, "exit"));
  TRY(attach(socket, lives.exec, "exec"));
  return attach(socket, lives.fork, "fork");
}

}  // namespace tacho
