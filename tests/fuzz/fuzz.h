// SPDX-License-Identifier: Apache-2.0
// Fuzz targets: each is one NAME_fuzz.cc with FUZZ_TARGET(NAME) and a folder corpus/NAME/ of inputs.
// Built by clang they are driven by libFuzzer (`make fuzz`); built by any compiler the inputs of the
// corpus are replayed (`make test`). A target calls code with bytes from outside; what it must not do
// is end the process, run for seconds, or take much memory. CONTRIBUTING.md, "Fuzzing".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace tacho::fuzz {

using Run = void (*)(std::string_view input);

struct Target {
  std::string_view name;
  Run run;
};
// All that are linked in.
std::vector<Target>& targets();
// Null when there is no such one.
const Target* find_target(std::string_view name);

struct Registered {
  Registered(std::string_view name, Run run) { targets().push_back({name, run}); }
};

// What must hold for every input; ends the program otherwise, as a crash does.
void expect(bool holds, std::string_view what);

// A file in memory that holds `bytes`; open for reading and writing, at its beginning.
FileDescriptor memory_file(std::string_view bytes);
// Where memory_file's descriptor can be opened by path.
std::string path_of(const FileDescriptor& file);

// A folder of this process in memory, empty at first, removed at the end.
const std::string& memory_folder();
// Writes over the file that is there, or makes it with the folders above it.
void write_file(const std::string& path, std::string_view bytes);

// The bytes as they are where a reader needs them aligned to 8.
class Aligned {
 public:
  explicit Aligned(std::string_view bytes);
  std::span<std::byte> bytes() { return {reinterpret_cast<std::byte*>(words_.data()), size_}; }

 private:
  std::vector<std::uint64_t> words_;
  std::size_t size_;
};

}  // namespace tacho::fuzz

#define FUZZ_TARGET(name)                                                              \
  static void fuzz_##name(std::string_view input);                                     \
  static const ::tacho::fuzz::Registered registered_##name(#name, &fuzz_##name);       \
  static void fuzz_##name(std::string_view input)
