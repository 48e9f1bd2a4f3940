// SPDX-License-Identifier: Apache-2.0
// Loading with libbpf, told through a socket (ledger/bpf_objects.h).
#pragma once

#include <bpf/libbpf.h>

#include <memory>
#include <string>

#include "base/error.h"
#include "ledger/bpf/task_scope.h"

namespace tacho {

// Load, attach and hand over everything.
Result<void> load_lives(int socket);
Result<void> load_walk(int socket);

// From here on what libbpf says is kept instead of printed.
void keep_what_libbpf_says();
// "cannot ACTION: Permission denied (what libbpf or the kernel's verifier said last)".
Error bpf_error(std::string_view action, int error);
// Whether loading failed since the kernel has not a function that the program calls. libbpf looks for it in
// all modules then, which it may not do with the rights that we have.
bool is_missing_function(int error);
// Another attempt begins: what was said of the one before does not count.
void forget_what_libbpf_said();

// We have the rights, and the kernel has type information, without which nothing can be loaded.
Result<void> check_kernel();

// What the programs are told of the machine before they are loaded: found out by one of ours, in the pid
// namespace of the caller.
Result<TaskScope> find_scope();

struct LinkEnder {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, LinkEnder>;

}  // namespace tacho
