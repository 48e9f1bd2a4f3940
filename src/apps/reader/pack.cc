// SPDX-License-Identifier: Apache-2.0
// tacho pack and tacho unpack: a recording as one file, and back.
#include "store/pack.h"

#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "base/display.h"
#include "base/text.h"
#include "journal/format.h"
#include "journal/recordings.h"

namespace tacho {
namespace {

constexpr std::string_view kPackHelp = R"(Usage: tacho pack RECORDING [OPTION...]

Seals what is live and makes one file of a recording, NAME.tacho.zip in the current folder: a zip
that is not compressed, since the parts in it are. Every reading command takes the file as it is
(tacho report NAME.tacho.zip), and so do other programs that read zip and Parquet. The recording
stays. Packed twice, it gives the same bytes. Of a recording that is still being made what is sealed
is packed; its newest rows are not.

  --output FILE, -o FILE
                        another name
  --force               replace a file that is there
  --quiet               print nothing but errors
  --help

Exit status: 0; 1 when something was damaged (the rest is packed); 2 wrong usage; 3 the recording
cannot be read or the file not written.
)";

constexpr std::string_view kUnpackHelp = R"(Usage: tacho unpack FILE [OPTION...]

Makes a folder NAME.tacho in the current folder of a file that 'tacho pack' made. Checks every byte.
Never replaces anything, and writes nothing outside of the folder.

  --output FOLDER, -o FOLDER
                        another name
  --quiet               print nothing but errors
  --help

Exit status: 0; 1 when something was damaged (it is written as it is); 2 wrong usage; 3 the file
cannot be read, is none that tacho pack made, or the folder cannot be written.
)";

struct Options {
  std::string input, output;
  bool force = false, quiet = false, help = false;
};

// The last part of a path, without the slashes behind it.
std::string name_of(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path.substr(path.find_last_of('/') + 1);
}

void use_suffix(std::string& name, std::string_view suffix) {
  if (!name.ends_with(suffix)) name += suffix;
}

Result<Options> parse(int argc, char** argv, bool may_replace) {
  using enum Flag::Value;
  Options options;
  std::vector<Flag> flags = {{"output", required, set_text(options.output)},
                             {"quiet", none, set_true(options.quiet)},
                             {"help", none, set_true(options.help)}};
  if (may_replace) flags.push_back({"force", none, set_true(options.force)});
  const auto words = TRY(parse_flags(argc, argv, flags));
  if (options.help) return options;
  if (words.size() != 1)
    return Error{ErrorCode::invalid, may_replace ? "one recording is wanted, for example @last"
                                                 : "one file is wanted, for example NAME.tacho.zip"};
  if (options.output == "-")
    return Error{ErrorCode::invalid, "-o - cannot be: it is written in more than one pass; name a file"};
  options.input = words.front();
  return options;
}

Result<PackReport> pack_named(Options& options) {
  const std::string path = TRY(find_recording(options.input));
  if (options.output.empty()) {
    options.output = name_of(path);
    use_suffix(options.output, kRecordingSuffix);
    options.output += kPackedSuffix;
  }
  Progress progress;
  return pack(path, options.output,
              {.replace = options.force, .progress = [&](std::uint64_t done, std::uint64_t all) {
                 if (progress.is_due())
                   progress.show(fmt::format("packed {} of {}", format_size(static_cast<std::int64_t>(done)),
                                             format_size(static_cast<std::int64_t>(all))));
               }});
}

Result<UnpackReport> unpack_named(Options& options) {
  if (options.output.empty()) {
    options.output = name_of(options.input);
    if (options.output.ends_with(kPackedSuffix))
      options.output.resize(options.output.size() - kPackedSuffix.size());
    use_suffix(options.output, kRecordingSuffix);
  }
  Progress progress;
  return unpack(options.input, options.output, [&](std::uint64_t done, std::uint64_t all) {
    if (progress.is_due())
      progress.show(fmt::format("unpacked {} of {}", format_size(static_cast<std::int64_t>(done)),
                                format_size(static_cast<std::int64_t>(all))));
  });
}

int tell_findings(std::string_view command, const std::vector<Finding>& findings) {
  for (const Finding& finding : findings)
    fmt::print(stderr, "tacho {}: {}\n", command, printable(to_line(finding)));
  return findings.empty() ? 0 : kFound;
}

}  // namespace

int command_pack(int argc, char** argv) {
  auto options = parse(argc, argv, true);
  if (!options) return tell_usage("pack", options.error());
  if (options->help) {
    fmt::print("{}", kPackHelp);
    return 0;
  }
  const auto report = pack_named(*options);
  if (!report) return tell_error("pack", report.error());
  if (report->left > 0)
    fmt::print(stderr, "tacho pack: it is still being recorded: {} of its recorder not packed\n",
               report->left == 1 ? "1 journal" : fmt::format("{} journals", report->left));
  if (!options->quiet)
    fmt::print("{}: {}, {}\n", printable(options->output), counted(report->files, "file"),
               format_size(static_cast<std::int64_t>(report->size)));
  return tell_findings("pack", report->findings);
}

int command_unpack(int argc, char** argv) {
  auto options = parse(argc, argv, false);
  if (!options) return tell_usage("unpack", options.error());
  if (options->help) {
    fmt::print("{}", kUnpackHelp);
    return 0;
  }
  const auto report = unpack_named(*options);
  if (!report) return tell_error("unpack", report.error());
  if (!options->quiet)
    fmt::print("{}: {}, {}\n", printable(options->output), counted(report->files, "file"),
               format_size(static_cast<std::int64_t>(report->size)));
  return tell_findings("unpack", report->findings);
}

}  // namespace tacho
