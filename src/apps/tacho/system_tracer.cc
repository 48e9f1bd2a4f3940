// SPDX-License-Identifier: Apache-2.0
// system_tracer: tacho under the name, and with the flags, of the system tracer that it takes the
// place of.
#include <fmt/format.h>
#include <sys/stat.h>

#include <string>
#include <string_view>
#include <vector>

#include "apps/tacho/command.h"
#include "apps/tacho/recording.h"
#include "apps/tacho/wide.h"
#include "base/flags.h"
#include "base/text.h"
#include "base/units.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

constexpr int kUsageError = 2;
// Tables that --no-gpu and --no-docker leave out.
constexpr std::string_view kGpuTables = "gpu,gpu_process,gpu_kernel",
                           kContainerTables = "container";

constexpr std::string_view kHelp = R"(Usage: system_tracer run [OPTION...]
       system_tracer snapshot [OPTION...]
       system_tracer proctree PID [--verbose]

run: records into one file, a row for each sample, until Ctrl-C, SIGTERM or the end of --duration. The
file is replaced as a whole at every write, so that it can be read and copied at any time; a file
that is there is continued.

  --output FILE              .parquet or .csv (system_monitor.parquet)
  --sample-interval SECONDS  between samples (5)
  --write-interval SECONDS   between writes (10)
  --duration SECONDS         end by itself after this time
  --no-gpu, --no-docker      without GPUs, without containers
  --utc                      times in UTC; without it local ones, which have no zone
  --quiet                    print nothing but errors

snapshot: one sample as a JSON object, with rates over half a second; --no-gpu, --no-docker, --utc.

proctree: the processes below PID with their threads, as JSON; --verbose adds user, state, command line,
memory and CPU time.

system_tracer is tacho; 'tacho --help' shows what else it does.

Exit status: 0; 1 when nothing or not everything could be recorded, or PID is not there; 2 for wrong
usage.
)";

int tell_usage(std::string_view text) {
  fmt::print(stderr, "system_tracer: {}\nTry 'system_tracer --help'.\n", text);
  return kUsageError;
}

struct Options {
  RecorderOptions record;
  WideOptions wide;
  bool no_gpu = false, no_docker = false, quiet = false, has_interval = false;
};

Flag duration_flag(std::string_view name, std::function<void(Nanoseconds)> take) {
  return {name, Flag::Value::required, [name, take](std::string_view text) -> Result<void> {
            const auto duration = TRY(parse_duration(text));
            if (duration <= Nanoseconds::zero())
              return Error{ErrorCode::invalid,
                           fmt::format("--{} must be more than 0, for example 10", name)};
            take(duration);
            return {};
          }};
}

Result<Options> parse_run(int argc, char** argv) {
  using enum Flag::Value;
  Options options;
  options.wide.path = "system_monitor.parquet";
  const Flag flags[] = {
      {"output", required, set_text(options.wide.path)},
      duration_flag("sample-interval",
                    [&](Nanoseconds time) {
                      options.record.interval = time;
                      options.has_interval = true;
                    }),
      duration_flag("write-interval",
                    [&](Nanoseconds time) { options.wide.write_interval = time; }),
      duration_flag("duration", [&](Nanoseconds time) { options.record.duration = time; }),
      {"no-gpu", none, set_true(options.no_gpu)},
      {"no-docker", none, set_true(options.no_docker)},
      {"quiet", none, set_true(options.quiet)},
      {"utc", none, set_true(options.record.utc)}};
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (!words.empty())
    return Error{ErrorCode::invalid, "'" + escaped(words.front(), 80) + "' is no option"};
  if (!WideFile::is_name(options.wide.path))
    return Error{ErrorCode::invalid,
                 "--output ends in .parquet or .csv; got '" + escaped(options.wide.path, 80) + "'"};
  make_wide(options.record, options.wide, options.has_interval);
  if (options.no_gpu) leave_out(options.record, kGpuTables);
  if (options.no_docker) leave_out(options.record, kContainerTables);
  return options;
}

int run(int argc, char** argv) {
  const auto options = parse_run(argc, argv);
  if (!options) return tell_usage(options.error().text);
  umask(077);
  return record_and_tell(options->record, options->quiet, "system_tracer");
}

// The words of another command of tacho, which parses them.
int as_command(int (*command)(int, char**), std::vector<std::string> words) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  const auto count = static_cast<int>(arguments.size());
  arguments.push_back(nullptr);
  return command(count, arguments.data());
}

int snapshot(int argc, char** argv) {
  bool no_gpu = false, no_docker = false, utc = false;
  const Flag flags[] = {{"no-gpu", Flag::Value::none, set_true(no_gpu)},
                        {"no-docker", Flag::Value::none, set_true(no_docker)},
                        {"utc", Flag::Value::none, set_true(utc)}};
  const auto given = parse_flags(argc, argv, flags);
  if (!given || !given->empty())
    return tell_usage(given ? "snapshot takes options only" : given.error().text);
  RecorderOptions options;
  if (no_gpu) leave_out(options, kGpuTables);
  if (no_docker) leave_out(options, kContainerTables);
  std::vector<std::string> words = {"snapshot", "--wide"};
  if (utc) words.emplace_back("--utc");
  if (!options.without.empty()) words.push_back("--without=" + options.without);
  return as_command(command_snapshot, std::move(words));
}

int proctree(int argc, char** argv) {
  bool verbose = false;
  const Flag flags[] = {{"verbose", Flag::Value::none, set_true(verbose)}};
  const auto given = parse_flags(argc, argv, flags);
  if (!given) return tell_usage(given.error().text);
  if (given->size() != 1 || !parse_integer<std::int64_t>(given->front()))
    return tell_usage("proctree takes one PID, for example: system_tracer proctree 1");
  std::vector<std::string> words = {"ps", given->front(), "--format=json"};
  if (verbose) words.emplace_back("--verbose");
  return as_command(command_ps, std::move(words));
}

}  // namespace

int command_system_tracer(int argc, char** argv) {
  const std::string_view name = argc > 1 ? argv[1] : "";
  bool wants_help = name == "help";
  for (int index = 1; index < argc; ++index)
    wants_help = wants_help || std::string_view(argv[index]) == "--help" ||
                 std::string_view(argv[index]) == "-h";
  if (wants_help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (name == "--version") {
    fmt::print("system_tracer (tacho {})\n", TACHO_VERSION);
    return 0;
  }
  if (name == "run") return run(argc - 1, argv + 1);
  if (name == "snapshot") return snapshot(argc - 1, argv + 1);
  if (name == "proctree") return proctree(argc - 1, argv + 1);
  return tell_usage(
      name.empty() ? "run, snapshot or proctree?"
                   : fmt::format("there is no command '{}'; there are run, snapshot and proctree",
                                 escaped(name, 80)));
}

}  // namespace tacho
