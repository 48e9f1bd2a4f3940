// SPDX-License-Identifier: Apache-2.0
// tacho seal: turn live files into Parquet.
#include "base/display.h"
#include "store/seal.h"

#include <fmt/format.h>

#include "apps/reader/command.h"
#include "apps/reader/progress.h"
#include "apps/reader/view_flags.h"
#include "journal/recordings.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho seal RECORDING [--quiet]

Turns live files into Parquet parts that every reader of Parquet opens. Of a recording that is still
being made, those that the recorder has left behind. Nothing is removed before the part has been
read back whole; it can be killed at any time and run again.

Exit status: 0; 1 when something was damaged (it is set aside as bad-*); 2 wrong usage; 3 the
recording cannot be read or written.
)";

Result<SealReport> seal_named(const std::string& name) {
  const std::string path = TRY(find_recording(name));
  Progress progress;
  SealOptions options;
  options.on_step = [&](const std::string& table, std::uint32_t number, SealStep) {
    progress.show(fmt::format("sealing {} {}", table, number));
  };
  return seal(path, options);
}

}  // namespace

int command_seal(int argc, char** argv) {
  bool quiet = false, help = false;
  const Flag flags[] = {{"quiet", Flag::Value::none, set_true(quiet)},
                        {"help", Flag::Value::none, set_true(help)}};
  const auto words = parse_flags(argc, argv, flags);
  if (!words) return tell_usage("seal", words.error());
  if (help) {
    fmt::print("{}", kHelp);
    return 0;
  }
  if (words->size() != 1)
    return tell_usage("seal", {ErrorCode::invalid, "one recording is wanted, for example @last"});
  const auto report = seal_named(words->front());
  if (!report) return tell_error("seal", report.error());
  for (const Finding& finding : report->findings) fmt::print(stderr, "tacho seal: {}\n", printable(to_line(finding)));
  const std::string left =
      report->left > 0 ? fmt::format("; {} left to the recorder", counted(report->left, "file")) : "";
  if (!quiet && report->sealed == 0) fmt::print("nothing to seal{}\n", left);
  if (!quiet && report->sealed > 0)
    fmt::print("sealed {}, {}: {} became {}{}\n", counted(report->sealed, "file"),
               counted(report->rows, "row"),
               format_size(static_cast<std::int64_t>(report->live_bytes)),
               format_size(static_cast<std::int64_t>(report->part_bytes)),
               left);
  return report->findings.empty() ? 0 : kFound;
}

}  // namespace tacho
