// SPDX-License-Identifier: Apache-2.0
#include "base/capabilities.h"

#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace tacho {
namespace {

// A set has two words of 32 bits.
constexpr int kWords = 2;
constexpr Capability kMost = 32 * kWords;

struct Sets {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct words[kWords] = {};

  bool get() { return syscall(SYS_capget, &header, words) == 0; }
  // Async-signal-safe, as all here: it is called between fork and exec.
  bool set() { return syscall(SYS_capset, &header, words) == 0; }
};

}  // namespace

void keep_capabilities(std::span<const Capability> kept) {
  std::uint64_t mask = 0;
  for (const Capability capability : kept) mask |= std::uint64_t{1} << capability;
  // The bounding set first: taking from it needs a right that goes next.
  for (Capability capability = 0; capability < kMost; ++capability)
    if ((mask >> capability & 1) == 0 && prctl(PR_CAPBSET_READ, capability, 0, 0, 0) == 1)
      prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  Sets sets;
  if (!sets.get()) return;
  for (int word = 0; word < kWords; ++word) {
    const auto part = static_cast<std::uint32_t>(mask >> (32 * word));
    sets.words[word].permitted &= part;
    sets.words[word].effective &= part;
    sets.words[word].inheritable &= part;  // and with it the ambient set
  }
  sets.set();
}

void hand_down_no_capabilities() {
  prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  Sets sets;
  if (!sets.get()) return;
  for (auto& word : sets.words) word.inheritable = 0;
  sets.set();
}

}  // namespace tacho
