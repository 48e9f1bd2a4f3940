// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/temporary_recording.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>

namespace tacho {

Result<TemporaryRecording> TemporaryRecording::make(RecorderOptions options, Nanoseconds span,
                                                    Clock& clock) {
  const char* runtime = getenv("XDG_RUNTIME_DIR");
  const bool has_runtime = runtime != nullptr && *runtime == '/' && access(runtime, W_OK) == 0;
  std::string folder = (has_runtime ? std::string(runtime) : "/tmp") + "/tacho-now-XXXXXX";
  if (mkdtemp(folder.data()) == nullptr) return last_system_error("create the folder", folder);
  TemporaryRecording made;
  made.folder_ = folder;
  options.output = folder + "/now.tacho";
  options.name = "now";
  options.interval = std::chrono::hours(1);  // the last tick comes at the end of `duration`
  options.duration = span;
  options.is_temporary = true;
  const RecordResult result = TRY(record(options, clock));
  made.path_ = result.path;
  return made;
}

TemporaryRecording::~TemporaryRecording() {
  std::error_code ignored;
  if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
}

}  // namespace tacho
