// SPDX-License-Identifier: Apache-2.0
// tacho ps: the process tree. Of a recording it is the reader's; of now it is recorded first.
#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "apps/tacho/command.h"
#include "apps/tacho/reader.h"
#include "apps/tacho/temporary_recording.h"

namespace tacho {
namespace {

constexpr int kFailed = 1;

// Options of `ps` that take a value, so that the value is not taken for a recording.
constexpr std::string_view kWithValue[] = {"--at",   "--find",  "--format", "--color", "--output",
                                           "--from", "--to",    "--sort",   "--limit", "--by"};
// What cannot be said of a single moment: the reader looks into the last recording.
constexpr std::string_view kOfSpan[] = {"--exited", "--diff", "--from", "--to"};

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// Is a recording looked into? The first word that is neither an option nor a pid names it.
bool is_of_recording(int argc, char** argv) {
  for (int index = 1; index < argc; ++index) {
    const std::string_view word = argv[index];
    if (word == "--help" || word == "-h") return true;  // the reader prints it
    const std::string_view name = word.substr(0, word.find('='));
    if (std::ranges::find(kOfSpan, name) != std::end(kOfSpan)) return true;
    if (std::ranges::find(kWithValue, word) != std::end(kWithValue)) {
      ++index;
    } else if (!word.starts_with('-') && !is_number(word)) {
      return true;
    }
  }
  return false;
}

}  // namespace

int command_ps(int argc, char** argv) {
  if (is_of_recording(argc, argv)) {
    std::vector<char*> words = {const_cast<char*>("tacho")};
    words.insert(words.end(), argv, argv + argc);
    return become_reader(static_cast<int>(words.size()), words.data());
  }
  SystemClock clock;
  RecorderOptions options;
  options.only = "process";
  const auto now = TemporaryRecording::make(std::move(options), Nanoseconds(1), clock);
  if (!now) {
    fmt::print(stderr, "tacho ps: {}\n", now.error().text);
    return kFailed;
  }
  std::vector<std::string> arguments = {"ps", now->path()};
  arguments.insert(arguments.end(), argv + 1, argv + argc);
  return run_reader(arguments);
}

}  // namespace tacho
