// SPDX-License-Identifier: Apache-2.0
// tacho verify: check every byte of a recording.
#include "store/verify.h"

#include <fmt/format.h>
#include <unistd.h>

#include "apps/reader/command.h"
#include "apps/reader/view_flags.h"
#include "base/clock.h"
#include "journal/recordings.h"

namespace tacho {
namespace {

constexpr std::string_view kHelp = R"(Usage: tacho verify RECORDING [--quiet]

Checks every byte and says what is damaged or missing, in bytes, rows and seconds. Changes nothing.

Exit status: 0 all is whole; 1 damage; 2 wrong usage; 3 the recording cannot be read.
)";

// Progress for what takes longer than a second, on a terminal alone.
class Progress {
 public:
  void operator()(std::uint64_t done, std::uint64_t all) {
    const Nanoseconds now = clock_.now().boottime;
    if (isatty(STDERR_FILENO) == 0 || now - start_ < std::chrono::seconds(1) ||
        now - last_ < std::chrono::milliseconds(200) || all == 0)
      return;
    last_ = now;
    shown_ = true;
    fmt::print(stderr, "\r{} of {} checked ({} %) ", format_size(static_cast<std::int64_t>(done)),
               format_size(static_cast<std::int64_t>(all)), done * 100 / all);
    std::fflush(stderr);
  }
  ~Progress() {
    if (shown_) fmt::print(stderr, "\r\033[K");
  }

 private:
  SystemClock clock_;
  Nanoseconds start_ = clock_.now().boottime;
  Nanoseconds last_{};
  bool shown_ = false;
};

Result<VerifyReport> verify_named(const std::string& name) {
  const std::string path = TRY(find_recording(name));
  Progress progress;
  return verify(path, [&](std::uint64_t done, std::uint64_t all) { progress(done, all); });
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
  for (const Finding& finding : report->findings) fmt::print("{}\n", to_line(finding));
  if (!quiet)
    fmt::print("{}: {} files, {}, {} rows\n",
               report->findings.empty() ? "whole" : fmt::format("{} findings", report->findings.size()),
               report->files, format_size(static_cast<std::int64_t>(report->bytes)), report->rows);
  return report->findings.empty() ? 0 : kFound;
}

}  // namespace tacho
