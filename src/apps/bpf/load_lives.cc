// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>
#include <utility>

#include "apps/bpf/load.h"
#include "ledger/bpf_objects.h"

// The skeleton names it without our namespace.
#include "ledger/bpf/life_record.h"
using tacho::LifeState;
#include "lives.skel.h"

namespace tacho {
namespace {

using Lives = std::unique_ptr<lives_bpf, decltype([](lives_bpf* lives) { lives_bpf__destroy(lives); })>;

// Where the end of a process is told.
enum class Exit { tracepoint, before_6_16 };

Result<Lives> load(Exit exit) {
  Lives lives(lives_bpf__open());
  if (!lives) return bpf_error("open the BPF programs", errno);
  lives->rodata->possible_cpus = possible_cpus();
  bpf_program__set_autoload(lives->progs.on_exit, exit == Exit::tracepoint);
  bpf_program__set_autoload(lives->progs.on_exit_before_6_16, exit == Exit::before_6_16);
  const int error = lives_bpf__load(lives.get());
  if (error != 0) return bpf_error("load the BPF programs", error);
  TRY(prepare(lives->progs.prepare));
  return lives;
}

// Since Linux 6.16 the tracepoint of a thread's exit says whether it was the last; before, the verifier
// refuses a program that asks. (The version's number does not tell: distributions carry changes back.)
Result<std::pair<Lives, Exit>> load_what_fits() {
  auto lives = load(Exit::tracepoint);
  if (lives) return std::pair(std::move(*lives), Exit::tracepoint);
  const int error = lives.error().system_error;
  if (error != EACCES && error != EINVAL) return std::move(lives).error();
  forget_what_libbpf_said();
  lives = load(Exit::before_6_16);
  if (lives) return std::pair(std::move(*lives), Exit::before_6_16);
  return std::move(lives).error();
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
  const auto [lives, exit] = TRY(load_what_fits());
  TRY(send_bpf_object(socket, "ring", bpf_map__fd(lives->maps.ring)));
  TRY(send_bpf_object(socket, "state", bpf_map__fd(lives->maps.bss)));
  // The end of a life first: a process whose birth was not seen is known to have been there before.
  TRY(attach(socket, lives->progs.on_free, "free"));
  TRY(attach(socket, exit == Exit::tracepoint ? lives->progs.on_exit : lives->progs.on_exit_before_6_16,
             "exit"));
  TRY(attach(socket, lives->progs.on_exec, "exec"));
  return attach(socket, lives->progs.on_fork, "fork");
}

}  // namespace tacho
