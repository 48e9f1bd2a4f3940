// SPDX-License-Identifier: Apache-2.0
#include "kernel/limits.h"

#include <fcntl.h>
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

void reserve_descriptors(std::int64_t count) {
  const std::int64_t highest = std::min(count, raise_descriptor_limit()) - 1;
  const int root = open("/", O_PATH | O_CLOEXEC);
  if (root < 0) return;
  const int placed = fcntl(root, F_DUPFD_CLOEXEC, static_cast<int>(highest));
  if (placed >= 0) close(placed);
  close(root);
}

std::int64_t memory_page_size() { return sysconf(_SC_PAGESIZE); }

}  // namespace tacho
