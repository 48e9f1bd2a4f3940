// SPDX-License-Identifier: Apache-2.0
#define XXH_INLINE_ALL
#include <fcntl.h>
#include <unistd.h>
#include <xxhash.h>

#include <cerrno>
#include <map>

#include "base/crc32.h"
#include "base/text.h"
#include "journal/format.h"
#include "store/new_place.h"
#include "store/pack.h"
#include "store/recording_folder.h"

namespace tacho {
namespace {

// Its names were checked when the file was opened: recording.json, and TABLE/part-*.
class Unpacking {
 public:
  Unpacking(const RecordingFolder& packed, int folder, const CopyProgress& progress)
      : packed_(packed), folder_(folder), progress_(progress) {}

  Result<UnpackReport> run() {
    report_.findings = packed_.findings();
    for (const ZipEntry& entry : packed_.packed()->entries())
      if (entry.name != kDigestsName) TRY(write(entry));
    for (const auto& [name, table] : tables_)
      if (fsync(table.get()) != 0 && errno != EINVAL) return last_system_error("sync", name);
    return std::move(report_);
  }

 private:
  Result<void> write(const ZipEntry& entry) {
    std::string_view file = entry.name;
    const bool is_part = entry.name != kFactsName;
    const std::string table(is_part ? take_until(file, '/') : "");
    const int folder = is_part ? TRY(folder_of(table)) : folder_;
    const FileDescriptor out(openat(folder, std::string(file).c_str(),
                                    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!out) return last_system_error("create", entry.name);
    TRY(give_to_calling_user(out.get(), entry.name));
    XXH3_state_t state;
    XXH3_64bits_reset(&state);
    std::uint32_t checksum = 0;
    TRY(walk_slice(packed_.packed()->slice(entry), entry.name,
                   [&](std::span<const std::byte> bytes) -> Result<void> {
                     XXH3_64bits_update(&state, bytes.data(), bytes.size());
                     checksum = crc32(bytes, checksum);
                     report_.size += bytes.size();
                     if (progress_) progress_(report_.size, packed_.size());
                     return write_all(out.get(), {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
                   }));
    if (fsync(out.get()) != 0) return last_system_error("sync", entry.name);
    ++report_.files;
    const auto name = parse_segment_name(file);
    if (checksum != entry.checksum || (name && name->digest != XXH3_64bits_digest(&state)))
      report_.findings.push_back({.table = table,
                                  .file = std::string(file),
                                  .what = "its content is damaged: written as it is",
                                  .bytes = entry.size});
    return {};
  }

  Result<int> folder_of(const std::string& table) {
    if (const auto known = tables_.find(table); known != tables_.end()) return known->second.get();
    FileDescriptor folder = TRY(open_or_make_folder(folder_, table));
    TRY(give_to_calling_user(folder.get(), table));
    return tables_.emplace(table, std::move(folder)).first->second.get();
  }

  const RecordingFolder& packed_;
  int folder_;
  const CopyProgress& progress_;
  std::map<std::string, FileDescriptor> tables_;
  UnpackReport report_;
};

}  // namespace

Result<UnpackReport> unpack(const std::string& path, const std::string& folder,
                            const CopyProgress& progress) {
  const RecordingFolder packed = TRY(RecordingFolder::open(path));
  if (packed.packed() == nullptr)
    return Error{ErrorCode::invalid, escaped(path) + " is a folder, not a packed recording"};
  NewPlace place = TRY(NewPlace::create(folder, NewPlace::Kind::folder, false));
  UnpackReport report = TRY(Unpacking(packed, place.descriptor(), progress).run());
  TRY(place.publish());
  return report;
}

}  // namespace tacho
