// SPDX-License-Identifier: Apache-2.0
#include "apps/reader/view_flags.h"

#include <fmt/format.h>

#include "apps/reader/command.h"
#include "base/clock.h"
#include "base/display.h"
#include "journal/recordings.h"
#include "store/recording_folder.h"
#include "store/seal.h"

namespace tacho {
namespace {

// Sealing more than this takes more than about a second: it is left to `tacho seal`.
constexpr std::uint64_t kSealedOnTheWay = std::uint64_t{24} << 20;

Result<void> take_color(ColorMode& mode, std::string_view text) {
  if (text == "auto") mode = ColorMode::automatic;
  else if (text == "always") mode = ColorMode::always;
  else if (text == "never") mode = ColorMode::never;
  else return Error{ErrorCode::invalid, "--color is auto, always or never"};
  return {};
}

// A recording that can be read need not be sealed: a refusal is no error.
void seal_on_the_way(const std::string& path) {
  const auto folder = RecordingFolder::open(path);
  if (!folder || folder->is_recording_now()) return;
  std::uint64_t live = 0;
  for (const TableFolder& table : folder->tables())
    for (const Segment& segment : table.segments)
      if (segment.kind == Segment::Kind::live) live += segment.size;
  if (live > 0 && live <= kSealedOnTheWay) (void)seal(path);
}

// Seals what a `tacho run` left behind first, when this user may and nobody records into it; without
// it everything can be read all the same.
Result<Recording> open_recording(const std::string& name, const ViewOptions& options) {
  const std::string path = TRY(find_recording(name));
  seal_on_the_way(path);
  return Recording::open(path, {.data_timezone = options.data_timezone});
}

}  // namespace

std::vector<Flag> view_flags(ViewOptions& options) {
  using enum Flag::Value;
  return {{"format", required, set_text(options.format)},
          {"output", required, set_text(options.output)},
          {"color", required, [&](std::string_view text) { return take_color(options.color, text); }},
          {"utc", none, set_true(options.utc)},
          {"data-timezone", required, set_text(options.data_timezone)},
          {"no-pager", none, set_true(options.no_pager)},
          {"help", none, set_true(options.help)}};
}

Result<Output> open_output(const ViewOptions& options) {
  return Output::open(options.output, options.color, !options.no_pager);
}

Nanoseconds reference_time(const Recording& recording) {
  SystemClock clock;
  if (recording.is_recording_now()) return clock.now().time;
  if (recording.facts().end_time) return Nanoseconds(*recording.facts().end_time);
  const auto system = recording.summary("system");
  if (system && system->last_time) return *system->last_time;
  return Nanoseconds(recording.facts().start_time);
}

Result<Nanoseconds> time_of(std::string_view option, const std::string& text, Nanoseconds reference) {
  auto time = parse_time(text, reference);
  if (!time) return Error{time.error().code, fmt::format("{}: {}", option, time.error().text)};
  return time;
}

Result<Range> range_of(const Recording& recording, const std::string& from, const std::string& to) {
  Range range;
  const Nanoseconds reference = reference_time(recording);
  if (!from.empty()) range.from = TRY(time_of("--from", from, reference)).count();
  if (!to.empty()) range.to = TRY(time_of("--to", to, reference)).count();
  if (range.from && range.to && *range.from > *range.to)
    return Error{ErrorCode::invalid, "--from lies behind --to"};
  return range;
}

int view_recording(std::string_view command, const std::string& name, const View& view,
                   const ViewOptions& options) {
  const auto recording = open_recording(name, options);
  if (!recording) return recording.error().text.starts_with("--") ? tell_usage(command, recording.error())
                                                                  : tell_error(command, recording.error());
  const auto shown = view(*recording);
  if (!shown)
    return shown.error().code == ErrorCode::invalid ? tell_usage(command, shown.error())
                                                    : tell_error(command, shown.error());
  const auto findings = recording->findings();
  for (const Finding& finding : findings)
    fmt::print(stderr, "tacho {}: {}\n", command, printable(to_line(finding)));
  return *shown && findings.empty() ? 0 : kFound;
}

}  // namespace tacho
