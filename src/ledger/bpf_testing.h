// SPDX-License-Identifier: Apache-2.0
// For the tests that load BPF: they need root (or the capabilities), a kernel that can, and tacho-bpf
// beside the test program.
#pragma once

#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "ledger/bpf_loader.h"

namespace tacho {

// Looked up once: a child in a namespace of its own has no /proc/self.
inline const std::string& tacho_bpf_path() {
  static const std::string path = [] {
    char self[PATH_MAX];
    const ssize_t size = readlink("/proc/self/exe", self, sizeof self);
    const std::string program(self, size > 0 ? static_cast<std::size_t>(size) : 0);
    return program.substr(0, program.find_last_of('/')) + "/tacho-bpf";
  }();
  return path;
}

// Waits for it; a minute is more than the slowest machine takes.
inline Result<BpfObjects> load_bpf(BpfPart part) {
  BpfLoader loader = TRY(BpfLoader::start(tacho_bpf_path(), part));
  for (int seconds = 0; seconds < 60; ++seconds) {
    auto objects = TRY(loader.poll());
    if (objects) return std::move(*objects);
    pollfd readable{.fd = loader.descriptor(), .events = POLLIN};
    ::poll(&readable, 1, 1000);
  }
  return Error{ErrorCode::io, "tacho-bpf did not answer"};
}

// A kernel or rights that have it not are no failure of ours; anything else is.
inline bool is_missing_here(const Error& error) {
  return error.code == ErrorCode::denied || error.code == ErrorCode::absent;
}

}  // namespace tacho
