// SPDX-License-Identifier: Apache-2.0
// tacho verify: check every byte of a recording.
#include "base/display.h"
#include "store/verify.h"

#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "journal/recordings.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho verify RECORDING [--quiet]

Checks every byte and says what is damaged or missing, in bytes, rows and seconds. Changes nothing.

Exit status: 0 all is whole; 1 damage; 2 wrong usage; 3 the recording cannot be read.
)";

Result<VerifyReport> verify_named(const std::string& name) {
  const std::string path = TRY(find_recording(name));
  Progress progress;
  return verify(path, [&](std::uint64_t done, std::uint64_t all) {
    if (all > 0 && progress.is_due())
      progress.show(fmt::format("{} of {} checked ({} %)",
                                format_size(static_cast<std::int64_t>(done)),
                                format_size(static_cast<std::int64_t>(all)), done * 100 / all));
  });
}

}  // namespace

int command_verify(int argc, char** argv) {
  bool quiet = false, help = false;
  const Flag flags[] = {{"quiet", Flag::Value::none, set_true(quiet)},
                        {"help", Flag::Value::none, set_true(help)}};
  const auto words = parse_flags(argc, argv, flags);
  if (!words) return tell_usage("verify", words.error());
  if (help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (words->size() != 1)
    return tell_usage("verify", {ErrorCode::invalid, "one recording is wanted, for example @last"});
  const auto report = verify_named(words->front());
  if (!report) return tell_error("verify", report.error());
  for (const Finding& finding : report->findings) fmt::print("{}\n", printable(to_line(finding)));
  if (!quiet)
    fmt::print("{}: {}, {}, {} read\n",
               report->findings.empty() ? "whole" : counted(report->findings.size(), "finding"),
               counted(report->files, "file"), format_size(static_cast<std::int64_t>(report->bytes)),
               counted(report->rows, "row"));
  return report->findings.empty() ? 0 : kFound;
}

}  // namespace tacho
