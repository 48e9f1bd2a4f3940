// SPDX-License-Identifier: Apache-2.0
// tacho run: record while a command runs, and end as it ended.
#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "apps/tacho/command.h"
#include "apps/tacho/options.h"
#include "apps/tacho/reader.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/text.h"
#include "base/units.h"
#include "collectors/redact.h"
#include "recorder/recorder.h"
#include "recorder/supervisor.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

constexpr int kUsageError = 125;  // env, nice and timeout end so when they could not start anything
// A file's name has at most 255 bytes; the date and ".tacho" follow.
constexpr std::size_t kLongestName = 200;
// Of the command line in recording.json, which is read as a whole by every view. Longer ones are
// lists of files, and `process_info` has their beginning too.
constexpr std::size_t kArgumentsLimit = 64 * 1024;

constexpr std::string_view kHelp =
    R"(Usage: tacho run [OPTION...] [--] COMMAND [ARGUMENT...]

Records the machine and every process while COMMAND runs, ends as COMMAND ended, and prints a
receipt on stderr. COMMAND's input, output, limits and environment are as without tacho.

  --interval DURATION   between ticks, 10ms to 1h; a bare number is seconds (1s)
  --output FOLDER       the recording (a new one below $XDG_STATE_HOME/tacho)
  --name NAME           of the recording, instead of COMMAND's
  --timeout DURATION    then SIGTERM to COMMAND, SIGKILL 10 s later, and exit status 124
  --utc                 label the recording UTC: it is shown so, whatever the zone of who looks
  --label KEY=VALUE     a label; may be given several times. Those of a batch or CI job come by
                        themselves (ci=github, slurm.job=4711)
  --only TABLE,...      record these tables alone
  --without TABLE,...   leave these tables out
  --processes SOURCE    take processes from bpf, taskstats, connector or proc (the best there
                        is); bpf is waited for, some 100 ms
  --set TABLE.OPTION=VALUE
                        an option of a table; 'tacho tables' lists them
  --quiet               no receipt
  --help

Exit status: COMMAND's own; 128+N as shells show it when signal N ended it; 124 after the timeout;
125 for a wrong option (nothing is started); 126 when COMMAND cannot be executed; 127 when there is
none of that name.
)";

Error wrong(std::string text) { return {ErrorCode::invalid, std::move(text)}; }

Result<void> take_timeout(SuperviseOptions& options, std::string_view text) {
  options.timeout = TRY(parse_duration(text));
  if (options.timeout <= Nanoseconds::zero())
    return wrong("--timeout must be more than 0: write for example 10m");
  return {};
}

// The last part of the command's path, in characters that need no care in any file system.
std::string name_of_command(std::string_view program) {
  std::string name(program.substr(program.find_last_of('/') + 1));
  std::ranges::replace_if(
      name,
      [](char c) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '+' ||
                              c == '-';
        return !is_plain;
      },
      '_');
  if (name.empty() || name[0] == '.' || name[0] == '-') name.insert(0, "command");
  name.resize(std::min(name.size(), kLongestName));
  return name;
}

Result<RunOptions> parse(int argc, char** argv) {
  RunOptions options;
  options.record.seal_at_end = false;  // its user is waiting
  const std::vector<Flag> flags = run_flags(options);
  TRY(apply_configuration("run", flags));
  // Options end at the first word that is none, and the rest is the command's.
  options.supervise.arguments = TRY(parse_flags(argc, argv, flags, Order::options_first));
  if (options.help) return options;
  if (options.supervise.arguments.empty())
    return wrong("a command is missing: write for example tacho run -- make -j4");
  if (WideFile::is_name(options.record.output))
    return wrong("--output names the folder of a recording; 'tacho export' makes " +
                 escaped(options.record.output, 80) + " of it afterwards");
  if (options.record.name.empty())
    options.record.name = name_of_command(options.supervise.arguments.front());
  TRY(check_recorder_options(options.record));
  options.record.bpf_program = bpf_program_path();
  return options;
}

// Without secrets, and not more than so many bytes.
std::vector<std::string> redacted(const std::vector<std::string>& arguments) {
  std::vector<std::string> result = redact_each(arguments);
  std::size_t left = kArgumentsLimit;
  for (std::size_t i = 0; i < result.size(); ++i) {
    if (result[i].size() > left) {
      result.resize(i);
      result.emplace_back("...");
      break;
    }
    left -= result[i].size();
  }
  return result;
}

CommandFacts facts_of(const std::vector<std::string>& arguments, int pid, Clock& clock) {
  CommandFacts facts;
  facts.arguments = redacted(arguments);
  std::array<char, PATH_MAX> folder{};
  if (getcwd(folder.data(), folder.size()) != nullptr) facts.folder = escaped(folder.data());
  facts.pid = pid;
  const Instant now = clock.now();
  facts.start_time = now.time.count();
  facts.start_boottime = now.boottime.count();
  return facts;
}

// The recorder's process.
int record_command(const RunOptions& options, int command_pid, const RecorderChannel& channel) {
  SystemClock clock;
  RecorderOptions record_options = options.record;
  record_options.command = facts_of(options.supervise.arguments, command_pid, clock);
  const auto recording = record(record_options, clock, channel);
  if (recording) return 0;
  const std::string text = fmt::format("tacho: not recording: {}\n", recording.error().text);
  [[maybe_unused]] const auto written = write_all(STDERR_FILENO, text);
  return 1;
}

}  // namespace

std::vector<Flag> run_flags(RunOptions& options) {
  using enum Flag::Value;
  options.record.name.clear();  // the command's
  std::vector<Flag> flags = recorder_flags(options.record);
  flags.push_back({"timeout", required, [&](std::string_view text) {
                     return take_timeout(options.supervise, text);
                   }});
  flags.push_back({"quiet", none, set_true(options.supervise.quiet)});
  flags.push_back({"help", none, set_true(options.help)});
  return flags;
}

int command_run(int argc, char** argv) {
  const auto options = parse(argc, argv);
  if (!options) {
    fmt::print(stderr, "tacho run: {}\nTry 'tacho run --help'.\n", options.error().text);
    return kUsageError;
  }
  if (options->help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  return supervise(options->supervise, [&](int command_pid, const RecorderChannel& channel) {
    return record_command(*options, command_pid, channel);
  });
}

}  // namespace tacho
