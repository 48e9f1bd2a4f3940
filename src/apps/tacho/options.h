// SPDX-License-Identifier: Apache-2.0
// Options that several commands of tacho take.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/configuration.h"
#include "base/error.h"
#include "base/flags.h"
#include "recorder/recorder.h"
#include "recorder/supervisor.h"

namespace tacho {

// The options of `tacho record`.
struct RecordOptions {
  RecorderOptions record;
  Nanoseconds duration{}, write_interval{};  // zero: none was given
  bool quiet = false;
  bool help = false;
};
// Those of `tacho run`.
struct RunOptions {
  SuperviseOptions supervise;
  RecorderOptions record;
  bool help = false;
};

// Each with recorder_flags at the beginning.
std::vector<Flag> record_flags(RecordOptions& options);
std::vector<Flag> run_flags(RunOptions& options);

// A section of tacho.conf: its settings are options of a command.
struct ConfigurationSection {
  std::string_view name;       // "recorder": what `run` and `record` share
  std::string_view variables;  // what the names of its variables begin with
};
inline constexpr ConfigurationSection kSections[] = {
    {"recorder", "TACHO_"}, {"run", "TACHO_RUN_"}, {"record", "TACHO_RECORD_"}};

// Gives the flags of a command what stands in tacho.conf and the environment, [recorder] first. Before
// the command line, which is stronger.
Result<void> apply_configuration(std::string_view command, std::span<const Flag> flags);
// That every setting is of a section that there is.
Result<void> check_sections(const Configuration& configuration);

// --interval --output --name --utc --processes --only --without --label --set, which `run` and `record` share.
std::vector<Flag> recorder_flags(RecorderOptions& options);
// Whether the tables and settings named exist.
Result<void> check_recorder_options(const RecorderOptions& options);

}  // namespace tacho
