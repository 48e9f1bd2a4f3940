// SPDX-License-Identifier: Apache-2.0
#include "apps/tacho/recording.h"

#include <fmt/format.h>
#include <unistd.h>

#include "apps/tacho/reader.h"
#include "apps/tacho/wide.h"
#include "base/units.h"
#include "recorder/service_manager.h"

namespace tacho {
namespace {

constexpr int kFailed = 1;
constexpr int kUsageError = 2;

int tell_error(std::string_view program, const Error& error) {
  fmt::print(stderr, "{}: {}\n", program, error.text);
  return error.code == ErrorCode::invalid ? kUsageError : kFailed;
}

}  // namespace

int record_and_tell(RecorderOptions options, bool quiet, std::string_view program) {
  SystemClock clock;
  ServiceManager service = ServiceManager::from_environment();
  options.service = &service;
  // What a wide file holds is not sealed: the recording beside it goes when all is in the file.
  if (!options.wide) options.reader = reader_path();
  options.bpf_program = bpf_program_path();
  if (options.wide)
    if (const auto ready = prepare_wide(options, quiet, program); !ready)
      return tell_error(program, ready.error());
  if (!quiet && isatty(STDERR_FILENO) != 0)
    fmt::print(stderr, "tacho: recording every {}; Ctrl-C ends it\n",
               format_duration(options.interval));
  const auto recorded = record(options, clock);
  if (!recorded) return tell_error(program, recorded.error());
  for (const std::string& warning : recorded->late)
    fmt::print(stderr, "{}: {}\n", program, warning);
  if (options.wide) return end_wide(options, *recorded, quiet, program) ? 0 : kFailed;
  if (recorded->lost_rows > 0)
    fmt::print(stderr, "{}: {} rows could not be written and are lost\n", program,
               recorded->lost_rows);
  if (!quiet) fmt::print("{}\n", recorded->path);
  return recorded->lost_rows > 0 ? kFailed : 0;
}

}  // namespace tacho
