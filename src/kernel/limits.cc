// SPDX-License-Identifier: Apache-2.0
#include "kernel/limits.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace tacho {

std::int64_t raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    rlimit raised = limit;
    raised.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  // "Unlimited" is more than any caller needs.
  return static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_cur, INT32_MAX));
}

std::int64_t memory_page_size() { return sysconf(_SC_PAGESIZE); }

}  // namespace tacho
