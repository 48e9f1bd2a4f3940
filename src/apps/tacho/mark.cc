// SPDX-License-Identifier: Apache-2.0
// tacho mark: put a mark on the timeline of a recording that runs or has ended.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <algorithm>
#include <filesystem>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "apps/tacho/reader.h"
#include "base/units.h"
#include "journal/facts.h"
#include "journal/format.h"
#include "recorder/late_mark.h"
#include "recorder/mark_server.h"
#include "recorder/place.h"

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

struct Found {
  std::string path;
  RecordingFacts facts;
  bool running = false;
};

Result<Found> open_recording(const std::string& path) {
  const FileDescriptor folder(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder) return last_system_error("open the recording", path);
  const std::string text = TRY(read_file_at(folder.get(), std::string(kFactsName)));
  Found found{.path = path};
  found.facts = TRY(parse_facts(text));
  found.running = flock(folder.get(), LOCK_EX | LOCK_NB) != 0;
  return found;
}

// The recordings of the usual place, newest first.
std::vector<std::string> list_recordings() {
  std::vector<std::pair<std::int64_t, std::string>> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(usual_place(), ignored)) {
    if (!entry.path().string().ends_with(kRecordingSuffix)) continue;
    const auto recording = open_recording(entry.path().string());
    if (recording) found.emplace_back(recording->facts.start_time, recording->path);
  }
  std::ranges::sort(found, std::greater());
  std::vector<std::string> paths;
  for (auto& [start, path] : found) paths.push_back(std::move(path));
  return paths;
}

// As the reading commands resolve it.
Result<std::string> resolve(const std::string& name) {
  if (name.find('/') != std::string::npos || std::filesystem::is_directory(name)) return name;
  const std::vector<std::string> recordings = list_recordings();
  if (name.starts_with('@')) {
    const std::size_t index = name == "@last" ? 0
                              : name == "@prev" ? 1
                                                : static_cast<std::size_t>(std::max(1, atoi(name.c_str() + 1))) - 1;
    if (index < recordings.size()) return recordings[index];
    return Error{ErrorCode::absent, fmt::format("there are {} recordings, so there is no {}",
                                                recordings.size(), name)};
  }
  std::vector<std::string> fitting;
  for (const std::string& path : recordings)
    if (path.substr(path.find_last_of('/') + 1).starts_with(name)) fitting.push_back(path);
  if (fitting.size() == 1) return fitting.front();
  return Error{ErrorCode::absent, fmt::format("{} recordings begin with '{}'; 'tacho list' shows them",
                                              fitting.size(), name)};
}

Result<Found> find_recording(const std::string& name) {
  if (!name.empty()) return open_recording(TRY(resolve(name)));
  for (const std::string& path : list_recordings()) {
    auto found = open_recording(path);
    if (found && found->running) return found;
  }
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
                        {"in", required, [&](std::string_view text) -> Result<void> {
                           options.recording = text;
                           return {};
                         }},
                        {"help", none, [&](std::string_view) -> Result<void> {
                           options.help = true;
                           return {};
                         }}};
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
  const Found found = TRY(find_recording(options.recording));
  if (found.running) {
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
