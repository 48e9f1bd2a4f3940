// SPDX-License-Identifier: Apache-2.0
// The filter of a confined process. What is not listed is refused with EPERM, so that a library
// that only asks (for a size, a file in /sys) goes on without.
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <vector>

#include "base/capabilities.h"
#include "foreign/confined.h"

namespace tacho {
namespace {

#if defined(__x86_64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned kArchitecture = AUDIT_ARCH_AARCH64;
#else
#error "which architecture is this?"
#endif
// Calls of the x32 form have this bit; no program of ours makes them.
constexpr unsigned kX32 = 0x40000000;

// Compute, remember, wait, read and write what is open. Nothing here makes or opens anything.
constexpr int kAllowed[] = {
    SYS_read,
    SYS_pread64,
    SYS_write,
    SYS_writev,
    SYS_lseek,
    SYS_fstat,
    SYS_close,
    SYS_brk,
    SYS_munmap,
    SYS_mremap,
    SYS_madvise,
    SYS_futex,
    SYS_exit,
    SYS_exit_group,
    SYS_rt_sigaction,
    SYS_rt_sigprocmask,
    SYS_rt_sigreturn,
    SYS_sigaltstack,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_getrandom,
    SYS_gettid,
    SYS_getpid,
    SYS_sched_yield,
    SYS_set_robust_list,
    SYS_sched_getaffinity,
    SYS_restart_syscall,
#ifdef SYS_rseq
    SYS_rseq,
#endif
};

using Program = std::vector<sock_filter>;

void load(Program& program, std::size_t offset) {
  program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offset)));
}
void answer(Program& program, unsigned value) {
  program.push_back(BPF_STMT(BPF_RET | BPF_K, value));
}
constexpr unsigned refuse(int error) { return SECCOMP_RET_ERRNO | static_cast<unsigned>(error); }

// The low half of an argument.
constexpr std::size_t argument(std::size_t index) {
  return offsetof(seccomp_data, args) + index * sizeof(std::uint64_t);
}

// `call` is allowed when its argument has (`wanted` true) or has none of these bits.
void allow_if(Program& program, int call, std::size_t index, unsigned bits, bool wanted) {
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 4));
  load(program, argument(index));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, bits, static_cast<__u8>(wanted ? 0 : 1),
                             static_cast<__u8>(wanted ? 1 : 0)));
  answer(program, SECCOMP_RET_ALLOW);
  answer(program, refuse(EPERM));
}

Program filter() {
  Program program;
  load(program, offsetof(seccomp_data, arch));
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kArchitecture, 1, 0));
  answer(program, SECCOMP_RET_KILL_PROCESS);
  load(program, offsetof(seccomp_data, nr));
#if defined(__x86_64__)
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, kX32, 0, 1));
  answer(program, SECCOMP_RET_KILL_PROCESS);
#endif
  for (const int call : kAllowed) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(call), 0, 1));
    answer(program, SECCOMP_RET_ALLOW);
  }
  // Threads, no processes. The flags of clone3 lie in memory, which a filter cannot see: without it
  // the C library uses clone.
  program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1));
  answer(program, refuse(ENOSYS));
  allow_if(program, SYS_clone, 0, CLONE_THREAD, true);
  // Memory that cannot become a program. (A failed test leaves another value loaded.)
  load(program, offsetof(seccomp_data, nr));
  allow_if(program, SYS_mmap, 2, PROT_EXEC, false);
  load(program, offsetof(seccomp_data, nr));
  allow_if(program, SYS_mprotect, 2, PROT_EXEC, false);
  answer(program, refuse(EPERM));
  return program;
}

}  // namespace

bool can_confine() {
  const unsigned action = SECCOMP_RET_ERRNO;
  return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0 || errno != ENOSYS;
}

Result<void> give_up_rights() {
  keep_capabilities({});
  if (!can_confine()) return {};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return last_system_error("give up rights before reading", "the file");
  Program program = filter();
  const sock_fprog set{.len = static_cast<unsigned short>(program.size()),
                       .filter = program.data()};
  if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &set) != 0)
    return last_system_error("give up rights (seccomp) before reading", "the file");
  return {};
}

}  // namespace tacho
