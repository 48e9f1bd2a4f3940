// SPDX-License-Identifier: Apache-2.0
// tacho snapshot: one look at everything, with rates over a short moment.
#include <fmt/format.h>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "apps/tacho/reader.h"
#include "apps/tacho/temporary_recording.h"

namespace tacho {
namespace {

constexpr int kFailed = 1;
constexpr int kUsageError = 2;
// Long enough for a rate of CPU time, counted in 10 ms steps; short enough to wait for.
constexpr Nanoseconds kMoment = std::chrono::milliseconds(500);

constexpr std::string_view kHelp = R"(Usage: tacho snapshot [OPTION...]

One look at everything: all tables as they are now, counters with their rates over half a second.

  --format json|text    (text on a terminal, else json)
  --wide                instead: one JSON object, the row of the wide file (see 'tacho export')
  --utc                 times in UTC instead of the local zone
  --only TABLE,...      these tables alone
  --without TABLE,...   leave these tables out
  --help
)";

}  // namespace

int command_snapshot(int argc, char** argv) {
  using enum Flag::Value;
  RecorderOptions options;
  std::string format;
  bool help = false, wide = false;
  std::vector<Flag> flags = recorder_flags(options);
  std::erase_if(flags, [](const Flag& flag) {
    return flag.name == "interval" || flag.name == "name" || flag.name == "output";
  });
  flags.push_back({"format", required, [&](std::string_view text) -> Result<void> {
                     if (text != "json" && text != "text")
                       return Error{ErrorCode::invalid, "--format is json or text"};
                     format = text;
                     return {};
                   }});
  flags.push_back({"wide", none, set_true(wide)});
  flags.push_back({"help", none, set_true(help)});
  const auto words = parse_flags(argc, argv, flags);
  const auto checked = words ? check_recorder_options(options) : Result<void>(words.error());
  if (!checked || !words->empty()) {
    fmt::print(stderr, "tacho snapshot: {}\nTry 'tacho snapshot --help'.\n",
               checked ? "it takes options only" : checked.error().text);
    return kUsageError;
  }
  if (help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  SystemClock clock;
  const bool utc = options.utc;
  const auto now = TemporaryRecording::make(std::move(options), kMoment, clock);
  if (!now) {
    fmt::print(stderr, "tacho snapshot: {}\n", now.error().text);
    return kFailed;
  }
  std::vector<std::string> arguments = {"snapshot", now->path()};
  if (wide) arguments.emplace_back("--wide");
  if (utc) arguments.emplace_back("--utc");
  if (!format.empty()) arguments.push_back("--format=" + format);
  return run_reader(arguments);
}

}  // namespace tacho
