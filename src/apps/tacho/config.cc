// SPDX-License-Identifier: Apache-2.0
// tacho config: what stands in tacho.conf and the environment, and what holds.
#include <fmt/format.h>

#include <string>
#include <vector>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "base/display.h"
#include "base/text.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;
constexpr int kFailed = 1;

constexpr std::string_view kHelp = R"(Usage: tacho config show [OPTION...]

What holds for 'tacho run' and 'tacho record' where their command lines say nothing, in the form of
tacho.conf. Later files are stronger, then the environment, then the command line:

  /usr/lib/tacho/tacho.conf
  /etc/tacho/tacho.conf, /etc/tacho/tacho.conf.d/*.conf
  $XDG_CONFIG_HOME/tacho (~/.config/tacho): tacho.conf, tacho.conf.d/*.conf
  TACHO_INTERVAL, TACHO_RECORD_RETAIN, ...: [recorder] and [record] as variables

  --origin   behind each setting where it comes from
  --help

Exit status: 0; 1 when a file is wrong; 2 for a wrong option.
)";

// The first `shared` flags are those of [recorder]: told here as well where they are set here.
void print_section(const ConfigurationSection& section, std::span<const Flag> flags,
                   std::size_t shared, const Configuration& configuration, bool has_origin) {
  fmt::print("[{}]\n", section.name);
  for (std::size_t index = 0; index < flags.size(); ++index) {
    const Flag& flag = flags[index];
    const auto settings = configuration.of(section.name, section.variables, flag.name);
    if (flag.name == "help" || (index < shared && settings.empty())) continue;
    const auto print = [&](const std::string& line, const std::string& origin) {
      if (has_origin) {
        fmt::print("{:<40} # {}\n", escaped(line), escaped(origin));
      } else {
        fmt::print("{}\n", escaped(line));
      }
    };
    const std::string name(flag.name);
    if (!settings.empty()) {
      // Of `set` and `label` all hold, of the others the last.
      const std::size_t first = flag.name == "set" || flag.name == "label" ? 0 : settings.size() - 1;
      for (std::size_t at = first; at < settings.size(); ++at)
        print(name + " = " + settings[at].value, settings[at].origin);
    } else if (!flag.initial.empty()) {
      print(name + " = " + flag.initial, "built-in");
    } else {
      print("#" + name + (flag.value == Flag::Value::none ? " = true" : " ="), "not set");
    }
  }
  fmt::print("\n");
}

Result<void> show(bool has_origin) {
  const Configuration configuration = TRY(Configuration::read());
  TRY(check_sections(configuration));
  RecordOptions record;
  RunOptions run;
  const std::vector<Flag> record_all = record_flags(record), run_all = run_flags(run);
  TRY(apply_configuration("record", record_all));
  TRY(apply_configuration("run", run_all));
  RecordOptions unused;
  const std::vector<Flag> fresh_record = record_flags(unused);
  RecorderOptions shared;
  const std::size_t shared_size = recorder_flags(shared).size();
  for (const ConfigurationSection& section : kSections) {
    const bool is_shared = section.name == "recorder";
    std::span<const Flag> flags = section.name == "run" ? run_all : fresh_record;
    if (is_shared) flags = flags.first(shared_size);
    print_section(section, flags, is_shared ? 0 : shared_size, configuration, has_origin);
  }
  if (!has_origin) return {};
  for (const std::string& file : configuration.files()) fmt::print("# read {}\n", escaped(file));
  for (const std::string& file : configuration.unreadable())
    fmt::print("# not readable, passed over: {}\n", escaped(file));
  return {};
}

}  // namespace

int command_config(int argc, char** argv) {
  bool help = false, has_origin = false;
  const Flag flags[] = {{"origin", Flag::Value::none, set_true(has_origin)},
                        {"help", Flag::Value::none, set_true(help)}};
  const auto words = parse_flags(argc, argv, flags);
  const bool is_wrong = words && !help && (words->size() != 1 || words->front() != "show");
  if (!words || is_wrong) {
    fmt::print(stderr, "tacho config: {}\nTry 'tacho config --help'.\n",
               words ? "write: tacho config show" : words.error().text);
    return kUsageError;
  }
  if (help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (const auto shown = show(has_origin); !shown) {
    fmt::print(stderr, "tacho config: {}\n", shown.error().text);
    return kFailed;
  }
  return 0;
}

}  // namespace tacho
