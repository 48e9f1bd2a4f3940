// SPDX-License-Identifier: Apache-2.0
#define XXH_INLINE_ALL
#include "store/pack.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

#include "base/text.h"
#include "journal/facts.h"
#include "journal/format.h"
#include "store/new_place.h"
#include "store/recording_folder.h"
#include "store/seal.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

std::uint64_t live_files(const RecordingFolder& recording) {
  std::uint64_t count = 0;
  for (const TableFolder& table : recording.tables())
    for (const Segment& segment : table.segments) count += segment.kind == Segment::Kind::live;
  return count;
}

std::uint64_t sealed_bytes(const RecordingFolder& recording) {
  std::uint64_t bytes = 0;
  for (const TableFolder& table : recording.tables())
    for (const Segment& segment : table.segments)
      if (segment.kind == Segment::Kind::part) bytes += segment.size;
  return bytes;
}

// A recording without live files but those that a recorder still writes.
Result<RecordingFolder> open_sealed(const std::string& path) {
  // The recorder may have ended between the two steps: then once more.
  for (int attempt = 0;; ++attempt) {
    auto recording = TRY(RecordingFolder::open(path));
    if (recording.packed() != nullptr)
      return Error{ErrorCode::invalid, escaped(path) + " is packed already"};
    if (live_files(recording) == 0) return recording;
    const SealReport sealed = TRY(seal(path));
    recording = TRY(RecordingFolder::open(path));
    if (live_files(recording) == 0) return recording;
    if (recording.is_recording_now()) {
      if (sealed_bytes(recording) > 0) return recording;
      return Error{ErrorCode::absent,
                   escaped(path) + " is being recorded and nothing of it is sealed yet: pack it when it "
                                   "has ended, or record with a shorter --rotate"};
    }
    if (attempt == 0) continue;
    std::string why = sealed.left > 0 ? "it is being sealed by another process; try again" : "";
    if (!sealed.findings.empty()) why = to_line(sealed.findings.front());
    return Error{ErrorCode::denied, escaped(path) + " has journals that are not sealed: " + why +
                                        " (a copy of the folder can be packed elsewhere)"};
  }
}

class Packing {
 public:
  Packing(const RecordingFolder& recording, int descriptor, const CopyProgress& progress)
      : recording_(recording), zip_(descriptor), all_(sealed_bytes(recording)), progress_(progress) {}

  Result<PackReport> run() {
    TRY(add_facts());
    for (const TableFolder& table : recording_.tables()) TRY(add(table));
    TRY(zip_.add(std::string(kDigestsName), to_json(digests_)));
    TRY(zip_.finish());
    ++report_.files;
    for (const Finding& finding : recording_.findings()) report_.findings.push_back(finding);
    return std::move(report_);
  }

 private:
  Result<void> add_facts() {
    const std::string name(kFactsName);
    const FileDescriptor file = TRY(open_regular(recording_.descriptor(), name));
    std::string text = TRY(read_file_at(recording_.descriptor(), name, kLargestFacts));
    if (recording_.is_recording_now()) text = packed_while_recording(text);
    digests_[name] = digest_of_bytes(text);
    ++report_.files;
    return zip_.add(name, text);
  }

  Result<void> add(const TableFolder& table) {
    for (const Segment& segment : table.segments) {
      if (segment.kind == Segment::Kind::part)
        TRY(add(table, segment));
      else
        ++report_.left;
    }
    const auto leave_out = [&](const std::string& file, const std::string& why) {
      report_.findings.push_back({.table = table.name, .file = escaped(file, 200), .what = why});
    };
    for (const std::string& name : table.quarantined)
      leave_out(name, "was set aside as damaged; not packed");
    for (const std::string& name : table.unknown)
      leave_out(name, "is no file of a recording; not packed");
    return {};
  }

  Result<void> add(const TableFolder& table, const Segment& segment) {
    const auto bytes = open_part_bytes(table, segment);
    // Retention took it from a recording that is still being made.
    if (!bytes && bytes.error().system_error == ENOENT && recording_.is_recording_now()) return {};
    if (!bytes) return Error(bytes.error());
    const std::string name = table.name + "/" + segment.name;
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    TRY(zip_.add(name, *bytes, [&](std::span<const std::byte> step) {
      XXH3_64bits_update(&state, step.data(), step.size());
      done_ += step.size();
      if (progress_) progress_(done_, all_);
    }));
    const std::uint64_t digest = XXH3_64bits_digest(&state);
    digests_[name] = digest;
    ++report_.files;
    if (digest != segment.digest)
      report_.findings.push_back(
          {.table = table.name,
           .file = segment.name,
           .what = "its content does not match the digest in its name: packed as it is",
           .bytes = segment.size});
    return {};
  }

  const RecordingFolder& recording_;
  ZipWriter zip_;
  Digests digests_;
  PackReport report_;
  std::uint64_t done_ = 0, all_;
  const CopyProgress& progress_;
};

}  // namespace

Result<PackReport> pack(const std::string& path, const std::string& output,
                        const PackOptions& options) {
  // First of all: who named the wrong file learns it before a long sealing.
  NewPlace place = TRY(NewPlace::create(output, NewPlace::Kind::file, options.replace));
  const RecordingFolder recording = TRY(open_sealed(path));
  PackReport report = TRY(Packing(recording, place.descriptor(), options.progress).run());
  struct stat status{};
  if (fstat(place.descriptor(), &status) != 0) return last_system_error("look at", escaped(output));
  report.size = static_cast<std::uint64_t>(status.st_size);
  TRY(place.publish());
  return report;
}

}  // namespace tacho
