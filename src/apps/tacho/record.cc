// SPDX-License-Identifier: Apache-2.0
// tacho record: record until stopped.
#include <fmt/format.h>
#include <sys/stat.h>

#include <utility>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "apps/tacho/recording.h"
#include "apps/tacho/wide.h"
#include "base/units.h"
#include "recorder/recorder.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;
// What is kept of a series where nobody says how much.
constexpr Nanoseconds kRetainTime = std::chrono::days(7);
constexpr std::int64_t kRetainBytes = std::int64_t{2} << 30;

constexpr std::string_view kHelp =
    R"(Usage: tacho record [OPTION...]

Records the machine and every process until SIGINT (Ctrl-C), SIGTERM or the end of --duration, then
seals the recording and prints its path.

  --interval DURATION   between ticks, 10ms to 1h; a bare number is seconds (1s)
  --duration DURATION   end by itself after this time
  --output FOLDER       the recording (a new one below $XDG_STATE_HOME/tacho; root: /var/lib/tacho)
                        FILE.parquet or FILE.csv: instead of a recording the one wide file of
                        the system tracer, a row for each tick (5s), a column for each figure
                        and device; a file of tacho's that is there is continued
  --write-interval DURATION
                        between two versions of that file (10s); each takes the place of the one
                        before at once, so that a reader never sees half a file
  --name NAME           of the series of recordings that --retain keeps (record)
  --retain TIME,SIZE    keep no more of the series than this; 'none' keeps all (7d,2GiB)
  --sync DURATION       between syncs to the disk: a power cut loses at most this (5s)
  --rotate DURATION     between new journal files, which are sealed one by one (1h)
  --utc                 label the recording UTC: it is shown so, whatever the zone of who looks.
                        In the wide file: times in UTC, and said to be so; without it local
                        times that have no zone, as that file always had
  --label KEY=VALUE     a label; may be given several times. Those of a batch or CI job come by
                        themselves (ci=github, slurm.job=4711)
  --only TABLE,...      record these tables alone
  --without TABLE,...   leave these tables out
  --processes SOURCE    take processes from bpf, taskstats, connector or proc (the best there
                        is); bpf is waited for, some 100 ms
  --set TABLE.OPTION=VALUE
                        an option of a table; 'tacho tables' lists them
  --quiet               print nothing but errors
  --help

While a wide file grows, what is not in it yet is in the folder .FILE.tacho beside it; after a kill the
next start brings it into the file.

Exit status: 0; 1 when nothing or not everything could be recorded; 2 for a wrong option.
)";

// "7d,2GiB", either part alone, or "none".
Result<void> take_retain(RecorderOptions& options, std::string_view text) {
  options.retain_time.reset();
  options.retain_bytes.reset();
  if (text == "none") return {};
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    // A bare number would be seconds to the one and bytes to the other.
    const bool has_unit = part.find_first_not_of("0123456789.") != std::string_view::npos;
    const auto time = parse_duration(part);
    const auto size = parse_size(part);
    if (has_unit && time) {
      options.retain_time = *time;
    } else if (has_unit && size) {
      options.retain_bytes = *size;
    } else {
      return Error{ErrorCode::invalid, fmt::format("--retain '{}' is neither a time nor a size: write "
                                                   "for example 7d,2GiB or none", part)};
    }
  }
  return {};
}

Result<void> take_duration(Nanoseconds& place, std::string_view name, std::string_view text) {
  place = TRY(parse_duration(text));
  if (place <= Nanoseconds::zero())
    return Error{ErrorCode::invalid,
                 fmt::format("--{} must be more than 0: write for example 30s", name)};
  return {};
}

Result<RecordOptions> parse(int argc, char** argv) {
  RecordOptions options;
  const std::vector<Flag> flags = record_flags(options);
  const Nanoseconds usual = std::exchange(options.record.interval, Nanoseconds::zero());
  TRY(apply_configuration("record", flags));
  const auto words = TRY(parse_flags(argc, argv, flags));
  const bool has_interval = options.record.interval > Nanoseconds::zero();
  if (!has_interval) options.record.interval = usual;
  if (options.duration > Nanoseconds::zero()) options.record.duration = options.duration;
  if (!words.empty())
    return Error{ErrorCode::invalid, fmt::format("'{}' is no option; to record a command write: tacho "
                                                 "run -- {}", words.front(), words.front())};
  if (options.help) return options;
  if (WideFile::is_name(options.record.output)) {
    WideOptions wide{.path = options.record.output};
    if (options.write_interval > Nanoseconds::zero()) wide.write_interval = options.write_interval;
    make_wide(options.record, std::move(wide), has_interval);
  } else if (options.write_interval > Nanoseconds::zero()) {
    return Error{ErrorCode::invalid, "--write-interval is for a wide file: add for example --output x.parquet"};
  }
  TRY(check_recorder_options(options.record));
  return options;
}

}  // namespace

std::vector<Flag> record_flags(RecordOptions& options) {
  using enum Flag::Value;
  options.record.retain_time = kRetainTime;
  options.record.retain_bytes = kRetainBytes;
  std::vector<Flag> flags = recorder_flags(options.record);
  const auto duration = [&](std::string_view name, Nanoseconds& place) {
    flags.push_back({name, required, [name, &place](std::string_view text) {
                       return take_duration(place, name, text);
                     }, place > Nanoseconds::zero() ? format_duration(place) : ""});
  };
  duration("duration", options.duration);
  duration("write-interval", options.write_interval);
  duration("sync", options.record.sync_interval);
  duration("rotate", options.record.rotate_interval);
  flags.push_back({"retain", required,
                   [&](std::string_view text) { return take_retain(options.record, text); },
                   format_duration(kRetainTime) + "," + format_size(kRetainBytes)});
  flags.push_back({"quiet", none, set_true(options.quiet)});
  flags.push_back({"help", none, set_true(options.help)});
  return flags;
}

int command_record(int argc, char** argv) {
  auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "tacho record: {}\nTry 'tacho record --help'.\n", options.error().text);
    return kUsageError;
  }
  if (options->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  umask(077);
  return record_and_tell(options->record, options->quiet, "tacho record");
}

}  // namespace tacho
