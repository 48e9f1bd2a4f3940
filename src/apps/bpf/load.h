// SPDX-License-Identifier: Apache-2.0
// Loading with libbpf, told through a socket (ledger/bpf_objects.h).
#pragma once

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include <memory>
#include <string>

#include "base/error.h"

namespace tacho {

// Load, attach and hand over everything.
Result<void> load_lives(int socket);
Result<void> load_walk(int socket);

// From here on what libbpf says is kept instead of printed.
void keep_what_libbpf_says();
// "cannot ACTION: Permission denied (what libbpf or the kernel's verifier said last)".
Error bpf_error(std::string_view action, int error);

struct TypesEnder {
  void operator()(btf* types) const { btf__free(types); }
};
using KernelTypes = std::unique_ptr<btf, TypesEnder>;
// The type information of the running kernel.
Result<KernelTypes> kernel_types();

// Lets a part's program `prepare` look around, once.
Result<void> prepare(const bpf_program* program);

struct LinkEnder {
  void operator()(bpf_link* link) const { bpf_link__destroy(link); }
};
using Link = std::unique_ptr<bpf_link, LinkEnder>;

}  // namespace tacho
