// SPDX-License-Identifier: Apache-2.0
// Whether the kernel may have taken memory from processes that sleep: only then must all be asked.
#pragma once

#include <cstdint>
#include <optional>

#include "kernel/root.h"

namespace tacho {

// Reads /proc/vmstat: what reclaim scanned and took, swap, pages merged (KSM) or collapsed (THP).
class ReclaimWatch {
 public:
  static ReclaimWatch create(const Root& root);
  // Whether one of these counters moved since the call before; true at the first one, and where the
  // file is not there.
  bool moved();

 private:
  SharedKernelFile vmstat_;
  std::optional<std::int64_t> sum_;
};

}  // namespace tacho
