// SPDX-License-Identifier: Apache-2.0
#include "recorder/own_memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>

#include "base/file.h"

namespace tacho {

void keep_heap_small() {
  mallopt(M_MMAP_THRESHOLD, 128 << 10);  // the library's own start value, which would grow
  mallopt(M_TRIM_THRESHOLD, 128 << 10);
  mallopt(M_ARENA_MAX, 1);
}

void protect_from_memory_pressure() {
  mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);  // fails without the right; nothing is lost then
  const FileDescriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)write_all(score.get(), "-900");
}

}  // namespace tacho
