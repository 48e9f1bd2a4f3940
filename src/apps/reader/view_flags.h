// SPDX-License-Identifier: Apache-2.0
// Options that the viewing commands share: --format --output --color --utc --no-pager.
#pragma once

#include <string>
#include <vector>

#include "base/flags.h"
#include "base/units.h"
#include "query/recording.h"
#include "views/output.h"

namespace tacho {

struct ViewOptions {
  std::string format;  // empty: the command's default
  std::string output;  // "" or "-": standard output
  ColorMode color = ColorMode::automatic;
  bool utc = false;
  bool no_pager = false;
  bool help = false;
  Zone zone() const { return utc ? Zone::utc : Zone::local; }
  // As zone(), and UTC for a recording that was made with --utc.
  Zone zone(const Recording& recording) const {
    return recording.facts().is_utc ? Zone::utc : zone();
  }
};
std::vector<Flag> view_flags(ViewOptions& options);
Result<Output> open_output(const ViewOptions& options);

// Opens RECORDING. Seals what a `tacho run` left behind first, when this user may and nobody records
// into it; without it everything can be read all the same.
Result<Recording> open_recording(const std::string& name);

// What "-5m" and a time of day refer to: now while it is recorded, else the recording's end.
Nanoseconds reference_time(const Recording& recording);
// A time that was given to an option; an error names the option.
Result<Nanoseconds> time_of(std::string_view option, const std::string& text, Nanoseconds reference);
// --from and --to as a range of wall time.
Result<Range> range_of(const Recording& recording, const std::string& from, const std::string& to);

// Lines on stderr for what was damaged in what was read; true when there was something.
bool tell_findings(std::string_view command, const Recording& recording);

}  // namespace tacho
