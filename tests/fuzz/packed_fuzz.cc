// SPDX-License-Identifier: Apache-2.0
// A whole packed recording: opened, verified and unpacked. Nothing may appear outside of the folder.
#include <filesystem>

#include "fuzz.h"
#include "store/pack.h"
#include "store/verify.h"

namespace tacho {

FUZZ_TARGET(packed) {
  const FileDescriptor file = fuzz::memory_file(input);
  const std::string path = fuzz::path_of(file);
  (void)verify(path);
  const std::string place = fuzz::memory_folder() + "/packed";
  std::filesystem::create_directory(place);
  const auto unpacked = unpack(path, place + "/unpacked.tacho");
  for (const auto& entry : std::filesystem::directory_iterator(place))
    fuzz::expect(unpacked && entry.path().filename() == "unpacked.tacho",
                 "unpacking left something that is not its folder");
  std::filesystem::remove_all(place);
}

}  // namespace tacho
