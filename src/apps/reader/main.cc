// SPDX-License-Identifier: Apache-2.0
// tacho-reader: the commands of tacho that read or seal recordings. Started by tacho.
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "apps/reader/command.h"
#include "base/display.h"
#include "base/text.h"

namespace tacho {
namespace {

struct Command {
  std::string_view name;
  int (*run)(int argc, char** argv);
};

constexpr std::array kCommands = {
    Command{"export", command_export}, Command{"list", command_list},
    Command{"pack", command_pack},     Command{"ps", command_ps},
    Command{"report", command_report}, Command{"seal", command_seal},
    Command{"show", command_show},     Command{"snapshot", command_snapshot},
    Command{"unpack", command_unpack}, Command{"verify", command_verify}};

}  // namespace

std::string counted(std::uint64_t count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

int tell_usage(std::string_view command, const Error& error) {
  fmt::print(stderr, "tacho {}: {}\nTry 'tacho {} --help'.\n", command,
             printable(error.text), command);
  return kUsageError;
}

int tell_error(std::string_view command, const Error& error) {
  std::string_view rest = error.text;
  fmt::print(stderr, "tacho {}: {}\n", command, printable(take_until(rest, '\n')));
  while (!rest.empty()) fmt::print(stderr, "{}\n", printable(take_until(rest, '\n')));
  return kUnreadable;
}

}  // namespace tacho

int main(int argc, char** argv) {
  umask(077);
  const std::string_view name = argc > 1 ? argv[1] : "";
  const auto command = std::ranges::find(tacho::kCommands, name, &tacho::Command::name);
  if (command == tacho::kCommands.end()) {
    fmt::print(stderr, "tacho-reader is started by tacho; see tacho --help\n");
    return tacho::kUsageError;
  }
  return command->run(argc - 1, argv + 1);
}
