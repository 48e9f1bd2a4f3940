// SPDX-License-Identifier: Apache-2.0
// Which recordings there are, and what RECORDING on a command line means.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "journal/facts.h"

namespace tacho {

struct ListedRecording {
  std::string path;
  RecordingFacts facts;
  bool is_recording_now = false;
  std::string trouble;  // why it cannot be opened; then facts are empty
  std::string name() const { return path.substr(path.find_last_of('/') + 1); }
};

// One recording. An error when it is none.
Result<ListedRecording> look_at_recording(const std::string& path);

// Those of the usual place and those that were written elsewhere and are still there, newest first.
std::vector<ListedRecording> list_recordings();

// The path that RECORDING means: a folder or file, "@last", "@prev", "@3", or a unique beginning of a listed
// recording's name. `absent`, and where several fit, they are the further lines of its text.
Result<std::string> find_recording(const std::string& name);

// Makes a recording that is not in the usual place known to list_recordings. What cannot be noted is
// only missing from the list.
void note_elsewhere(const std::string& path);

}  // namespace tacho
