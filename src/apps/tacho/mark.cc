// SPDX-License-Identifier: Apache-2.0
// tacho mark: put a mark on the timeline of a recording that runs or has ended.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/tacho/command.h"
#include "base/file.h"
#include "base/flags.h"
#include "base/text.h"
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

  --at TIME        when it happened (now; of a recording that has ended: its end): -5m, 21:28,
                   2026-11-24T21:28:41Z. -5m is before now, of a recording that has ended before its
                   end
  --until TIME     its end, in the same forms: the mark becomes a phase
  --in RECORDING   a folder NAME.tacho, a unique beginning of a listed name, @last, @prev or @3
  --help
)";

// A file instead of a folder: what it is, and what to do.
Error is_a_file(const std::string& path) {
  const FileDescriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  char begin[4] = {};
  const bool is_zip = pread(file.get(), begin, sizeof begin, 0) == sizeof begin &&
                      std::string_view(begin, sizeof begin) == "PK\x03\x04";
  const std::string name = escaped(path);
  if (is_zip)
    return {ErrorCode::invalid, name + " is a packed recording, which does not change any more: 'tacho unpack " +
                                    name + "' makes a folder of it, and that can be marked"};
  return {ErrorCode::invalid, name + " is a file of another program: marks go into recordings of tacho, which "
                                     "are folders NAME.tacho"};
}

Result<ListedRecording> recording_to_mark(const std::string& name) {
  if (!name.empty()) {
    const std::string path = TRY(find_recording(name));
    struct stat status{};
    if (stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode)) return is_a_file(path);
    return look_at_recording(path);
  }
  for (ListedRecording& recording : list_recordings())
    if (recording.is_recording_now) return std::move(recording);
  return Error{ErrorCode::absent,
               "nothing is being recorded now; --in RECORDING marks one that has ended"};
}

struct Options {
  std::string text, at, until, recording;
  bool help = false;
};

Result<Options> parse(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  const Flag flags[] = {{"at", required, set_text(options.at)},
                        {"until", required, set_text(options.until)},
                        {"in", required, set_text(options.recording)},
                        {"help", none, set_true(options.help)}};
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.help) return options;
  if (words.size() != 1 || words.front().empty())
    return Error{ErrorCode::invalid, "a text is wanted: write for example tacho mark 'deploy begins'"};
  options.text = words.front();
  return options;
}

// What "-5m" and a time of day refer to: now while it is recorded, else the recording's end.
Nanoseconds reference_time(const ListedRecording& recording) {
  if (!recording.is_recording_now && recording.facts.end_time)
    return Nanoseconds(*recording.facts.end_time);
  return SystemClock().now().time;
}

// A time that was given to an option; an error names the option.
Result<std::optional<std::int64_t>> time_of(std::string_view option, const std::string& text,
                                            const ListedRecording& recording) {
  if (text.empty()) return std::optional<std::int64_t>();
  const bool is_broken_off = !recording.is_recording_now && !recording.facts.end_time;
  if (is_broken_off && text.starts_with('-'))
    return Error{ErrorCode::invalid, std::string(option) +
                                         ": the recording was broken off, so that nothing can be "
                                         "counted from its end; write for example 21:28"};
  const auto time = parse_time(text, reference_time(recording));
  if (!time) return Error{time.error().code, std::string(option) + ": " + time.error().text};
  return std::optional<std::int64_t>(time->count());
}

Result<Mark> mark_of(const Options& options, const ListedRecording& recording) {
  Mark mark{.text = options.text};
  mark.time = TRY(time_of("--at", options.at, recording));
  mark.until = TRY(time_of("--until", options.until, recording));
  if (mark.until && *mark.until < mark.time.value_or(reference_time(recording).count()))
    return Error{ErrorCode::invalid, "--until lies before the mark itself"};
  return mark;
}

Result<void> put(const Mark& mark, const ListedRecording& recording) {
  if (recording.is_recording_now) return send_mark(recording.facts.id, mark);
  return add_late_mark(recording.path, recording.facts, mark);
}

int tell_failure(const Error& error) {
  fmt::print(stderr, "tacho mark: {}\n", error.text);
  return kFailed;
}

int tell_usage(const Error& error) {
  fmt::print(stderr, "tacho mark: {}\nTry 'tacho mark --help'.\n", error.text);
  return kUsageError;
}

}  // namespace

int command_mark(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) return tell_usage(options.error());
  if (options->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  const auto recording = recording_to_mark(options->recording);
  if (!recording) return tell_failure(recording.error());
  const auto mark = mark_of(*options, *recording);
  if (!mark) return tell_usage(mark.error());
  const auto done = put(*mark, *recording);
  return done ? 0 : tell_failure(done.error());
}

}  // namespace tacho
