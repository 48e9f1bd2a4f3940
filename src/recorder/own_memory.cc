// SPDX-License-Identifier: Apache-2.0
#include "recorder/own_memory.h"

#include <fcntl.h>
#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#include "base/file.h"

namespace tacho {
namespace {

int let_go_of_code(dl_phdr_info* object, std::size_t, void*) {
  const auto page = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int index = 0; index < object->dlpi_phnum; ++index) {
    const auto& part = object->dlpi_phdr[index];
    if (part.p_type != PT_LOAD || (part.p_flags & PF_X) == 0 || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = (object->dlpi_addr + part.p_vaddr) & ~(page - 1);
    const std::uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
    madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void keep_heap_small() {
  mallopt(M_MMAP_THRESHOLD, 128 << 10);  // the library's own start value, which would grow
  mallopt(M_TRIM_THRESHOLD, 1 << 20);  // what each tick of a busy machine takes and gives back
  mallopt(M_ARENA_MAX, 1);
}

void give_back_free_memory() { malloc_trim(0); }

void forget_the_beginning() {
  give_back_free_memory();
  dl_iterate_phdr(let_go_of_code, nullptr);
}

void protect_from_memory_pressure() {
  mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT);  // fails without the right; nothing is lost then
  const FileDescriptor score(open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (score) (void)write_all(score.get(), "-900");
}

}  // namespace tacho
