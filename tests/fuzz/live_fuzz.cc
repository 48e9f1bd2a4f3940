// SPDX-License-Identifier: Apache-2.0
// A live file in a recording: decoded, verified, scanned, and sealed.
#include <filesystem>

#include "fuzz.h"
#include "query/recording.h"
#include "scanning.h"
#include "signing.h"
#include "store/seal.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

// Two files, so that a damaged schema is read by that of the other one.
std::string make_recording() {
  const std::string path = fuzz::memory_folder() + "/live.tacho";
  auto writer = testing::RecordingWriter::create(path, {&testing::kSystem, &testing::kCpu});
  fuzz::expect(static_cast<bool>(writer), "no recording can be made");
  for (std::uint64_t tick = 0; tick < 4; ++tick) {
    if (tick == 2) (void)writer->rotate();
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t{1});
    writer->rows(testing::kCpu).append(std::int64_t{0}, std::int64_t{1}, 1.5);
    (void)writer->commit();
  }
  (void)writer->finish(3);
  return path;
}

void scan(const std::string& path) {
  const auto recording = Recording::open(path);
  if (!recording) return;
  (void)recording->tables();
  (void)recording->gaps();
  fuzz::scan_to_end(*recording, "cpu");
}

}  // namespace

FUZZ_TARGET(live) {
  static const std::string path = make_recording();
  static const std::string other = testing::bytes_of(path + "/cpu/live-000002.arrows");
  const std::string table = path + "/cpu";
  std::filesystem::remove_all(table);
  fuzz::write_file(table + "/live-000001.arrows", fuzz::signed_journal(input));
  fuzz::write_file(table + "/live-000002.arrows", other);
  const auto before = verify(path);
  scan(path);
  (void)seal(path, {.level = 1});
  const auto after = verify(path);
  fuzz::expect(before && after, "the recording does not open");
  fuzz::expect(after->rows <= before->rows, "sealing made rows");
}

}  // namespace tacho
