// SPDX-License-Identifier: Apache-2.0
// tacho: finds the command. What records is here; what reads or seals is tacho-reader's.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "apps/tacho/command.h"
#include "apps/tacho/reader.h"
#include "base/text.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;

using CommandFunction = int (*)(int argc, char** argv);

struct Command {
  std::string_view name;
  CommandFunction run;  // null: the reader's
  std::string_view help;
};

constexpr std::array kCommands = {
    Command{"run", command_run, "record while a command runs, and end as it ended"},
    Command{"record", command_record, "record until stopped"},
    Command{"list", nullptr, "recordings, newest first"},
    Command{"report", nullptr, "what happened in a recording, as text"},
    Command{"export", nullptr, "a recording as one file: Parquet, CSV or Arrow"},
    Command{"show", nullptr, "the tables of a recording, or the rows of one"},
    Command{"ps", command_ps, "the process tree, now or in a recording"},
    Command{"mark", command_mark, "put a mark on the timeline"},
    Command{"snapshot", command_snapshot, "one look at everything"},
    Command{"doctor", command_doctor, "what can be recorded here, what not, and why"},
    Command{"tables", command_tables, "tables, their columns and options"},
    Command{"config", command_config, "what stands in tacho.conf, and what holds"},
    Command{"verify", nullptr, "check every byte of a recording"},
    Command{"seal", nullptr, "turn live files into Parquet"},
    Command{"pack", nullptr, "a recording as one file, which is read as it is"},
    Command{"unpack", nullptr, "the folder of a packed recording"}};

// Links to this program by whose name it is something else.
constexpr std::array kLinks = {Command{"system_tracer", command_system_tracer, ""}};

void print_help(std::FILE* out) {
  fmt::print(out,
             "tacho records what a machine, its processes and its devices do, and reads it back.\n\n"
             "Usage: tacho COMMAND [OPTION...]\n\n");
  for (const Command& command : kCommands) fmt::print(out, "  {:<9} {}\n", command.name, command.help);
  fmt::print(out,
             "\nRECORDING is a folder NAME.tacho, a file NAME.tacho.zip, a unique beginning of a "
             "listed name,\n@last, @prev or @3. 'tacho COMMAND --help' says more; the manual is tacho(1).\n\n"
             "  tacho run -- make -j4      record a build\n"
             "  tacho report @last         see what happened\n");
}

int main_of(int argc, char** argv) {
  const std::string_view path = argc > 0 ? argv[0] : "";
  const auto link = std::ranges::find(kLinks, path.substr(path.find_last_of('/') + 1), &Command::name);
  if (link != kLinks.end()) return link->run(argc, argv);
  const std::string_view name = argc > 1 ? argv[1] : "";
  if (name == "--version" || name == "version") {
    fmt::print("tacho {}\n", TACHO_VERSION);
    return 0;
  }
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(stdout);
    return 0;
  }
  if (name.empty()) {
    print_help(stderr);
    return kUsageError;
  }
  if (name == "complete") return command_complete(argc - 1, argv + 1);  // the shells' business
  const auto command = std::ranges::find(kCommands, name, &Command::name);
  if (command == kCommands.end()) {
    fmt::print(stderr, "tacho: there is no command '{}'; 'tacho --help' lists them\n",
               escaped(name, 80));
    return kUsageError;
  }
  if (command->run == nullptr) return become_reader(argc, argv);
  return command->run(argc - 1, argv + 1);
}

}  // namespace
}  // namespace tacho

int main(int argc, char** argv) { return tacho::main_of(argc, argv); }
