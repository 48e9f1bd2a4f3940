// SPDX-License-Identifier: Apache-2.0
// Makes a sealed recording of many hours at 1 s, from a fixed seed, to be read by what is measured.
//   bench_recorded_day FOLDER.tacho [hours=24] [processes=2000]
#include <fmt/core.h>

#include <cstdlib>

#include "simulation.h"
#include "store/seal.h"

namespace tacho {
namespace {

Result<void> make(const std::string& path, std::uint64_t hours, int processes) {
  auto writer = TRY(testing::RecordingWriter::create(
      path, {&testing::kSystem, &kProcessTable, &kProcessInfoTable}));
  Simulation simulation(processes);
  const std::uint64_t ticks = hours * kTicksPerFile;
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    if (tick > 0 && tick % kTicksPerFile == 0) TRY(writer.rotate());
    writer.begin(tick);
    writer.rows(testing::kSystem).append(std::int64_t(tick));
    simulation.fill(writer, tick);
    TRY(writer.commit());
  }
  TRY(writer.finish(ticks - 1));
  const SealReport report = TRY(seal(path));
  if (!report.findings.empty())
    return Error{ErrorCode::corrupt, to_line(report.findings.front())};
  fmt::print("{} {} {}\n", report.rows, report.live_bytes, report.part_bytes);
  return {};
}

}  // namespace
}  // namespace tacho

int main(int count, char** arguments) {
  const int hours = count > 2 ? std::atoi(arguments[2]) : 24;
  const int processes = count > 3 ? std::atoi(arguments[3]) : 2000;
  if (count < 2 || hours < 1 || processes < 1) {
    fmt::print(stderr, "usage: bench_recorded_day FOLDER.tacho [HOURS] [PROCESSES]\n");
    return 2;
  }
  const auto made = tacho::make(arguments[1], static_cast<std::uint64_t>(hours), processes);
  if (!made) fmt::print(stderr, "{}\n", made.error().text);
  return made ? 0 : 1;
}
