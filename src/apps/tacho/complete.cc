// SPDX-License-Identifier: Apache-2.0
// tacho complete: what a word on a command line of tacho can become. Asked by the shells' completion
// scripts (packaging/completions). Options come from the commands' own help, so that none is written
// twice.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "base/file.h"
#include "base/text.h"
#include "collectors/registry.h"
#include "journal/recordings.h"
#include "ledger/lives.h"

namespace tacho {
namespace {

using Words = std::vector<std::string>;

// What a script cannot be told as a list: its shell knows it better.
constexpr std::string_view kFiles = ":files";
constexpr std::string_view kPrograms = ":programs";
// A help text has some kilobytes.
constexpr std::size_t kLongestHelp = 64 << 10;

struct Option {
  std::string value;  // what the help calls its value; empty: it has none
  std::string help;
};

struct CommandHelp {
  std::map<std::string, Option, std::less<>> options;  // by "--name"
  Words arguments;                                     // "RECORDING", "[TABLE]", in order
};

// "tacho --help" or that of a command, as it is printed; empty when that fails.
std::string help_of(const std::string& command) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return "";
  const FileDescriptor read_end(ends[0]);
  FileDescriptor write_end(ends[1]);
  Words words{"tacho"};
  if (!command.empty()) words.push_back(command);
  words.emplace_back("--help");
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), STDOUT_FILENO);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  write_end.reset();
  if (error != 0) return "";
  std::string text;
  char buffer[4096];
  ssize_t got = 0;
  while ((got = read(read_end.get(), buffer, sizeof buffer)) > 0 && text.size() < kLongestHelp)
    text.append(buffer, static_cast<std::size_t>(got));
  int status = 0;
  waitpid(pid, &status, 0);
  return text;
}

// "--from TIME, --to TIME   of a part: ...": options, and behind two blanks what they do.
void take_options(std::string_view line, CommandHelp& help) {
  const std::size_t gap = line.find("  ");
  const std::string_view text = gap == std::string_view::npos ? "" : trimmed(line.substr(gap));
  std::string_view all = line.substr(0, gap);
  while (!all.empty()) {
    std::string_view option = take_until(all, ',');
    if (all.starts_with("...")) take_until(all, ' ');  // "TABLE,..."
    option = trimmed(option);
    if (!option.starts_with("--")) continue;
    const std::string name(take_until(option, ' '));
    help.options[name] = {.value = std::string(option), .help = std::string(text)};
  }
}

CommandHelp parse_help(std::string_view text) {
  CommandHelp help;
  while (!text.empty()) {
    const std::string_view line = take_until(text, '\n');
    const std::string_view words = trimmed(line);
    if (line.starts_with("Usage: ") && help.arguments.empty()) {
      std::string_view rest = line.substr(line.find("tacho") + 5);
      for (rest = trimmed(rest), take_until(rest, ' '); !rest.empty();) {
        const std::string_view word = take_until(rest, ' ');
        const bool is_argument = word.find("OPTION") == std::string_view::npos &&
                                 word.find("--") == std::string_view::npos;
        if (!word.empty() && is_argument) help.arguments.emplace_back(word);
      }
    } else if (words.starts_with("--")) {
      take_options(words, help);
    }
  }
  return help;
}

// The first sentence of `help` goes with it: a shell has a line for each.
void offer(std::string_view word, std::string_view value, std::string_view help = "") {
  if (value.starts_with(word)) fmt::print("{}\t{}\n", value, help.substr(0, help.find(". ")));
}

void offer_commands(std::string_view word) {
  const std::string help = help_of("");
  for (std::string_view text = help; !text.empty();) {
    std::string_view line = take_until(text, '\n');
    if (!line.starts_with("  ") || line.starts_with("  tacho ")) continue;
    line = trimmed(line);
    const std::string_view name = take_until(line, ' ');
    offer(word, name, trimmed(line));
  }
}

void offer_recordings(std::string_view word) {
  const auto recordings = list_recordings();
  if (!recordings.empty()) offer(word, "@last", recordings.front().name());
  if (recordings.size() > 1) offer(word, "@prev", recordings[1].name());
  for (const ListedRecording& recording : recordings) offer(word, escaped(recording.name()));
  fmt::print("{}\n", kFiles);
}

// Of a list behind commas its last item.
template <class Each>
void offer_items(std::string_view word, Each each) {
  const std::size_t comma = word.rfind(',');
  const std::string before(word.substr(0, comma == std::string_view::npos ? 0 : comma + 1));
  each([&](std::string_view item, std::string_view help) { offer(word, before + std::string(item), help); });
}

void offer_tables(std::string_view word) {
  offer_items(word, [](const auto& item) {
    for (const Table* table : all_tables()) item(table->name, table->help);
  });
}

void offer_columns(std::string_view word, std::string_view table_name) {
  offer_items(word, [&](const auto& item) {
    for (const Table* table : all_tables()) {
      if (table->name != table_name) continue;
      for (const Column& column : kStamp) item(column.name, column.help);
      for (const Column& column : table->columns) item(column.name, column.help);
    }
  });
}

void offer_settings(std::string_view word) {
  for (const CollectorInfo* info : all_collectors())
    for (const tacho::Option& option : info->options)
      offer(word, fmt::format("{}.{}=", info->name(), option.name), option.help);
}

// `before`: what stands in front of the value in the same word ("--format=").
void offer_values(std::string_view word, std::string_view kind, const Words& arguments,
                  const std::string& before = "") {
  if (kind.find('|') != std::string_view::npos) {
    while (!kind.empty())
      offer(before + std::string(word), before + std::string(take_until(kind, '|')));
  } else if (kind == "RECORDING") {
    offer_recordings(word);
  } else if (kind.starts_with("TABLE.")) {
    offer_settings(word);
  } else if (kind.starts_with("TABLE")) {
    offer_tables(word);
  } else if (kind == "NAME") {
    offer_columns(word, arguments.size() > 1 ? arguments[1] : "");
  } else if (kind == "SOURCE") {
    for (const std::string_view source : kProcessSources) offer(word, source);
  } else if (kind == "FILE" || kind == "FOLDER") {
    fmt::print("{}\n", kFiles);
  } else if (kind == "COMMAND") {
    fmt::print("{}\n", kPrograms);
  }
}

// The words before the last that are no options, and the option whose value the last one is.
struct Position {
  Words arguments;
  const Option* wants = nullptr;
};

Position position_of(const Words& words, const CommandHelp& help) {
  Position position;
  for (std::size_t at = 1; at + 1 < words.size(); ++at) {
    const auto option = help.options.find(words[at]);
    if (option == help.options.end()) {
      if (!words[at].starts_with("--")) position.arguments.push_back(words[at]);
    } else if (!option->second.value.empty()) {
      ++at;  // its value
    }
  }
  const auto last = words.size() > 2 ? help.options.find(words[words.size() - 2]) : help.options.end();
  position.wants = last != help.options.end() && !last->second.value.empty() ? &last->second : nullptr;
  return position;
}

void offer_argument(std::string_view word, const CommandHelp& help, const Words& arguments) {
  std::string kind;
  if (arguments.size() < help.arguments.size()) kind = help.arguments[arguments.size()];
  std::erase_if(kind, [](char c) { return c == '[' || c == ']'; });
  if (kind == "--") kind = "COMMAND";
  offer_values(word, kind, arguments);
}

void complete_words(const Words& words) {
  const std::string& word = words.back();
  if (words.size() == 1) return offer_commands(word);
  // Behind "--" stands somebody else's command line.
  const auto end = std::ranges::find(words.begin() + 1, words.end() - 1, "--");
  if (end != words.end() - 1) {
    fmt::print("{}\n", end == words.end() - 2 ? kPrograms : kFiles);
    return;
  }
  const CommandHelp help = parse_help(help_of(words.front()));
  const Position position = position_of(words, help);
  const std::size_t equals = word.find('=');
  if (position.wants != nullptr) return offer_values(word, position.wants->value, position.arguments);
  if (word.starts_with("--") && equals != std::string::npos) {
    const auto option = help.options.find(word.substr(0, equals));
    if (option != help.options.end())
      offer_values(word.substr(equals + 1), option->second.value, position.arguments,
                   word.substr(0, equals + 1));
    return;
  }
  if (word.starts_with('-')) {
    for (const auto& [name, option] : help.options) offer(word, name, option.help);
    return;
  }
  offer_argument(word, help, position.arguments);
}

}  // namespace

int command_complete(int argc, char** argv) {
  Words words(argv + 1, argv + argc);
  if (!words.empty() && words.front() == "--") words.erase(words.begin());
  if (words.empty()) words.emplace_back();
  complete_words(words);
  return 0;
}

}  // namespace tacho
