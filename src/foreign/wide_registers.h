// SPDX-License-Identifier: Apache-2.0
// Loops over many values are compiled twice: for any processor, and for those with wide registers and
// the shifts and counts of bits that came with them (x86 since 2013). Which one is called is found out
// when the program starts.
#pragma once

#if defined(__x86_64__)
#define TACHO_WIDE_REGISTERS [[gnu::target("avx2,bmi,bmi2,lzcnt,popcnt")]]
#else
#define TACHO_WIDE_REGISTERS
#endif

namespace tacho {

inline bool has_wide_registers() {
#if defined(__x86_64__)
  static const bool has = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2") &&
                          __builtin_cpu_supports("popcnt");
  return has;
#else
  return false;
#endif
}

}  // namespace tacho
