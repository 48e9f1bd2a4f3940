// SPDX-License-Identifier: Apache-2.0
#include "recorder/rights.h"

#include <linux/capability.h>
#include <sys/prctl.h>

#include <array>

#include "base/capabilities.h"

namespace tacho {
namespace {

constexpr Capability kPerfmon = 38, kBpf = 39;  // unknown to headers before Linux 5.8

constexpr std::array<Capability, 12> kRecorder = {
    kBpf, kPerfmon,               // births, ends, the walk: handed down to tacho-bpf
    CAP_NET_ADMIN,                // the same by taskstats
    CAP_SYS_PTRACE,               // I/O, descriptors and executables of processes of others
    CAP_DAC_READ_SEARCH,          // their folders in /proc, mount points
    CAP_IPC_LOCK,                 // its pages stay in memory
    CAP_SYS_RESOURCE,             // it goes last when memory ends; more descriptors
    CAP_DAC_OVERRIDE,             // root: --output in somebody's folder
    CAP_CHOWN, CAP_FOWNER,        // a wide file keeps its owner and mode
    CAP_SETUID, CAP_SETGID,       // under sudo: files as the caller, sealing as the caller
};
constexpr std::array<Capability, 4> kSealer = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_CHOWN, CAP_FOWNER};

}  // namespace

void keep_rights_of_a_recorder() { keep_capabilities(kRecorder); }

void keep_rights_of_a_sealer() {
  keep_capabilities(kSealer);
  hand_down_no_capabilities();
  // Else root would have them again by executing the reader.
  prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

}  // namespace tacho
