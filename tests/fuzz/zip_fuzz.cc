// SPDX-License-Identifier: Apache-2.0
// The directory of a packed recording, and what its entries say of themselves.
#include "fuzz.h"
#include "store/zip.h"

namespace tacho {

FUZZ_TARGET(zip) {
  const auto file = std::make_shared<const FileDescriptor>(fuzz::memory_file(input));
  const auto zip = ZipReader::open(file, "input.zip");
  if (!zip) {
    fuzz::expect(zip.error().text.find('\n') == std::string::npos, "an error of several lines");
    return;
  }
  std::uint64_t end = 0;
  for (const ZipEntry& entry : zip->entries()) {
    fuzz::expect(entry.offset >= end && entry.offset <= input.size() &&
                     entry.size <= input.size() - entry.offset,
                 "an entry lies over another one or beyond the file");
    end = entry.offset + entry.size;
    fuzz::expect(zip->find(entry.name) == &entry, "an entry is not found by its name");
    const auto bytes = read_slice(zip->slice(entry), entry.name, input.size());
    fuzz::expect(static_cast<bool>(bytes), "an entry cannot be read");
  }
  fuzz::expect(static_cast<bool>(zip->first_foreign_byte()), "the bytes around cannot be read");
}

}  // namespace tacho
