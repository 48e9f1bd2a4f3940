// SPDX-License-Identifier: Apache-2.0
// Options that the viewing commands share: --format --output --color --utc --data-timezone --no-pager.
#pragma once

#include <functional>
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
  std::string data_timezone;  // of times without a zone, in files of other programs
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

// What "-5m" and a time of day refer to: now while it is recorded, else the recording's end.
Nanoseconds reference_time(const Recording& recording);
// A time that was given to an option; an error names the option.
Result<Nanoseconds> time_of(std::string_view option, const std::string& text, Nanoseconds reference);
// --from and --to as a range of wall time.
Result<Range> range_of(const Recording& recording, const std::string& from, const std::string& to);

// Opens RECORDING, lets `view` show it and returns the exit status. `view` gives false when it found
// nothing of what was asked for. Errors are told on stderr, and so is what was damaged in what was read:
// the rest has been shown, but it is a finding.
using View = std::function<Result<bool>(const Recording&)>;
int view_recording(std::string_view command, const std::string& name, const View& view,
                   const ViewOptions& options = {});

}  // namespace tacho
