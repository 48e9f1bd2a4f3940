// SPDX-License-Identifier: Apache-2.0
// A short recording of now, for views of the running machine: they go through the same door as those of
// the past.
#pragma once

#include <string>

#include "base/clock.h"
#include "base/error.h"
#include "recorder/recorder.h"

namespace tacho {

// In a folder of its own (0700) in $XDG_RUNTIME_DIR or /tmp; gone with this object.
class TemporaryRecording {
 public:
  // Two ticks, `span` apart. `options` says which tables.
  static Result<TemporaryRecording> make(RecorderOptions options, Nanoseconds span, Clock& clock);
  TemporaryRecording(TemporaryRecording&& other) noexcept : folder_(std::exchange(other.folder_, "")), path_(other.path_) {}
  ~TemporaryRecording();
  const std::string& path() const { return path_; }

 private:
  TemporaryRecording() = default;
  std::string folder_;
  std::string path_;
};

}  // namespace tacho
