// SPDX-License-Identifier: Apache-2.0
// Bytes per sample of the process tables, live and sealed, and the speed of sealing and of reading:
// an hour at 1 s of 2000 processes, 5 % of them active, simulated from a fixed seed. Usage:
// bench_sealed_size [processes] [ticks] [zstd level] [FOLDER to keep]
#include <fmt/core.h>
#include <sys/resource.h>

#include <chrono>
#include <cstdlib>

#include "simulation.h"
#include "query/processes.h"
#include "query/recording.h"
#include "store/seal.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

long peak_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

Result<void> read_all(const std::string& path) {
  auto start = std::chrono::steady_clock::now();
  const Recording recording = TRY(Recording::open(path));
  Stream rows = TRY(recording.scan("process"));
  std::int64_t count = 0;
  for (Batch batch = TRY(rows->next()); batch; batch = TRY(rows->next())) {
    if (count == 0) fmt::print("first rows of process        {:8.3f} s\n", seconds_since(start));
    count += row_count(*batch);
  }
  fmt::print("all {} rows of process  {:8.3f} s\n", count, seconds_since(start));
  start = std::chrono::steady_clock::now();
  Stream states = TRY(processes(recording));
  TRY(states->next());
  fmt::print("first filled rows            {:8.3f} s\n", seconds_since(start));
  start = std::chrono::steady_clock::now();
  TRY(recording.tables());
  fmt::print("list of tables               {:8.3f} s, peak memory {} MiB\n", seconds_since(start),
             peak_mib());
  return {};
}

Result<void> run(int processes, std::uint64_t ticks, int level, const char* keep) {
  const testing::TemporaryFolder folder;
  const std::string path = keep != nullptr ? keep : folder / "a.tacho";
  auto writer = TRY(testing::RecordingWriter::create(
      path, {&testing::kSystem, &kProcessTable, &kProcessInfoTable}));
  Simulation simulation(processes);
  for (std::uint64_t tick = 0; tick < ticks; ++tick) {
    if (tick > 0 && tick % kTicksPerFile == 0) TRY(writer.rotate());
    writer.begin(tick);
    writer.rows(testing::kSystem).append(std::int64_t(tick));
    simulation.fill(writer, tick);
    TRY(writer.commit());
  }
  TRY(writer.finish(ticks - 1));
  const auto start = std::chrono::steady_clock::now();
  const SealReport report = TRY(seal(path, {.level = level}));
  const double time = seconds_since(start);
  fmt::print("journal                      {:8.0f} bytes a sample\n",
             double(report.live_bytes) / double(ticks));
  fmt::print("sealed, zstd {}               {:8.0f} bytes a sample\n", level,
             double(report.part_bytes) / double(ticks));
  fmt::print("sealing and reading back     {:8.3f} s, {:.0f} rows/s, peak memory {} MiB\n", time,
             double(report.rows) / time, peak_mib());
  for (const Finding& finding : report.findings) fmt::print("finding: {}\n", to_line(finding));
  const auto verifying = std::chrono::steady_clock::now();
  TRY(verify(path));
  fmt::print("verify                       {:8.3f} s\n", seconds_since(verifying));
  return read_all(path);
}

}  // namespace
}  // namespace tacho

int main(int argc, char** argv) {
  const auto argument = [&](int index, int fallback) {
    return argc > index ? std::atoi(argv[index]) : fallback;
  };
  const auto done =
      tacho::run(argument(1, 2000), static_cast<std::uint64_t>(argument(2, 3600)),
                 argument(3, tacho::SealOptions{}.level), argc > 4 ? argv[4] : nullptr);
  if (!done) fmt::print(stderr, "{}\n", done.error().text);
  return done ? 0 : 1;
}
