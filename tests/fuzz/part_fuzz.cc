// SPDX-License-Identifier: Apache-2.0
// A sealed part, with the right digest in its name and with a wrong one.
#include <filesystem>

#include "fuzz.h"
#include "journal/format.h"
#include "query/recording.h"
#include "scanning.h"
#include "store/segment_reader.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

std::string make_recording() {
  const std::string path = fuzz::memory_folder() + "/part.tacho";
  auto writer = testing::RecordingWriter::create(path, {&testing::kCpu});
  fuzz::expect(writer && writer->finish(0), "no recording can be made");
  return path;
}

void read(const std::string& path, std::string_view bytes, std::uint64_t digest) {
  std::filesystem::remove_all(path + "/cpu");
  fuzz::write_file(path + "/cpu/" + part_name(1, digest), bytes);
  fuzz::expect(static_cast<bool>(verify(path)), "the recording does not open");
  const auto recording = Recording::open(path);
  if (!recording) return;
  (void)recording->tables();
  (void)recording->columns_with_values("cpu", {"cpu", "frequency"});
  Range range{.axis = Range::Axis::tick, .from = 1, .to = 3};
  fuzz::scan_to_end(*recording, "cpu", {.range = range});
}

}  // namespace

FUZZ_TARGET(part) {
  static const std::string path = make_recording();
  const std::uint64_t digest = digest_of_bytes(input);
  read(path, input, digest);
  read(path, input, digest + 1);
}

}  // namespace tacho
