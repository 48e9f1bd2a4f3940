// SPDX-License-Identifier: Apache-2.0
// tacho mark: put a mark on the timeline of a recording that runs or has ended.
#include <fmt/format.h>

#include "apps/tacho/command.h"
#include "base/flags.h"
#include "base/units.h"
#include "journal/recordings.h"
#include "recorder/late_mark.h"
#include "recorder/mark_server.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;
constexpr int kFailed = 1;

constexpr std::string_view kHelp = R"(Usage: tacho mark TEXT [OPTION...]

Puts TEXT as an event on the timeline: of the newest recording that runs, or of the one named.

  --at TIME        when it happened (now): -5m, 21:28, 2026-11-24T21:28:41Z
  --until TIME     its end: the mark becomes a phase
  --in RECORDING   a folder NAME.tacho, a unique beginning of a listed name, @last, @prev or @3
  --help
)";

Result<ListedRecording> recording_to_mark(const std::string& name) {
  if (!name.empty()) return look_at_recording(TRY(find_recording(name)));
  for (ListedRecording& recording : list_recordings())
    if (recording.is_recording_now) return std::move(recording);
  return Error{ErrorCode::absent,
               "nothing is being recorded now; --in RECORDING marks one that has ended"};
}

struct Options {
  Mark mark;
  std::string recording;
  bool help = false;
};

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  SystemClock clock;
  const Nanoseconds now = clock.now().time;
  const auto time = [&](std::optional<std::int64_t>& place) {
    return [&place, now](std::string_view text) -> Result<void> {
      place = TRY(parse_time(text, now)).count();
      return {};
    };
  };
  const Flag flags[] = {{"at", required, time(options.mark.time)},
                        {"until", required, time(options.mark.until)},
                        {"in", required, set_text(options.recording)},
                        {"help", none, set_true(options.help)}};
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.help) return options;
  if (words.size() != 1 || words.front().empty())
    return Error{ErrorCode::invalid, "a text is wanted: write for example tacho mark 'deploy begins'"};
  options.mark.text = words.front();
  if (options.mark.until && *options.mark.until < options.mark.time.value_or(now.count()))
    return Error{ErrorCode::invalid, "--until lies before the mark itself"};
  return options;
}

Result<std::string> put_mark(const Options& options) {
  const ListedRecording found = TRY(recording_to_mark(options.recording));
  if (found.is_recording_now) {
    TRY(send_mark(found.facts.id, options.mark));
  } else {
    TRY(add_late_mark(found.path, found.facts, options.mark));
  }
  return found.path;
}

}  // namespace

int command_mark(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "tacho mark: {}\nTry 'tacho mark --help'.\n", options.error().text);
    return kUsageError;
  }
  if (options->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  const auto path = put_mark(*options);
  if (path) return 0;
  fmt::print(stderr, "tacho mark: {}\n", path.error().text);
  return kFailed;
}

}  // namespace tacho
