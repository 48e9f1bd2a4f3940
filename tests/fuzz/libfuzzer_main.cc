// SPDX-License-Identifier: Apache-2.0
// All targets in one program; the name that it is started by (fuzz_csv) says which one runs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "fuzz.h"

namespace {
const tacho::fuzz::Target* chosen = nullptr;
}

extern "C" int LLVMFuzzerInitialize(int*, char*** words) {
  std::string_view name = (*words)[0];
  name.remove_prefix(name.find_last_of('/') + 1);
  constexpr std::string_view kPrefix = "fuzz_";
  if (name.starts_with(kPrefix)) chosen = tacho::fuzz::find_target(name.substr(kPrefix.size()));
  if (chosen != nullptr) return 0;
  std::fprintf(stderr, "start it as fuzz_TARGET; targets are:");
  for (const auto& target : tacho::fuzz::targets())
    std::fprintf(stderr, " %.*s", static_cast<int>(target.name.size()), target.name.data());
  std::fprintf(stderr, "\n");
  std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  chosen->run({reinterpret_cast<const char*>(bytes), size});
  return 0;
}
