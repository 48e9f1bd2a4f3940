// SPDX-License-Identifier: Apache-2.0
// A wide file with many hours of rows: what one more write of it costs.
//   bench_wide_day FILE.parquet [hours=24] [interval=1]
// Prints the CPU milliseconds of a write (mean of 20, ten rows apart), the highest resident memory
// in MiB, and the bytes of the file.
#include <fmt/core.h>

#include <bit>
#include <cstdlib>
#include <filesystem>
#include <random>

#include "base/clock.h"
#include "base/file.h"
#include "wide/mapping.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

constexpr std::int64_t kStart = 1'763'990'000'000'000'000;
constexpr int kCpus = 16, kRowsOfWrite = 10, kWrites = 20;

// Counters that grow, gauges that wander, and percentages, as the lines say.
class Machine {
 public:
  Machine() {
    for (const WideLine& line : wide_lines())
      for (int number = 0; number < (line.entity.empty() ? 1 : kCpus); ++number) {
        std::string name(line.name);
        if (!line.entity.empty()) name.replace(name.find("{}"), 2, std::to_string(number));
        columns.push_back({.name = std::move(name), .type = line.type, .unit = line.unit});
        values_.push_back(between(1, 1'000'000'000));
      }
    row.cells.resize(columns.size());
  }

  void step(std::int64_t time) {
    row.time = time + between(20'000, 120'000);
    row.texts.clear();
    for (std::size_t index = 0; index < columns.size(); ++index) {
      WideCell& cell = row.cells[index];
      cell.is_present = true;
      if (columns[index].type == Type::text) {
        cell.word = row.texts.size();
        row.texts.push_back(fmt::format("chrome({})", 4000 + between(0, 3)));
      } else if (columns[index].type == Type::real) {
        cell.word = std::bit_cast<std::uint64_t>(static_cast<double>(between(0, 100'000)) / 997);
      } else {
        if (between(0, 2) > 0) values_[index] += between(0, 100'000);
        cell.word = static_cast<std::uint64_t>(values_[index]);
      }
    }
  }

  std::vector<WideColumn> columns;
  WideRow row;

 private:
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(random_);
  }

  std::mt19937_64 random_{1};
  std::vector<std::int64_t> values_;
};

Result<void> measure(const std::string& path, std::int64_t hours, std::int64_t interval) {
  const auto file = TRY(WideFile::open_growing(path, {.is_utc = true}));
  Machine machine;
  const std::int64_t rows = hours * 3600 / interval;
  Nanoseconds spent{};
  for (std::int64_t row = 0; row < rows + kWrites * kRowsOfWrite; ++row) {
    machine.step(kStart + row * interval * 1'000'000'000);
    TRY(file->append(machine.row, machine.columns));
    // On the way a write now and then, so that groups are as large as they are in use.
    const bool is_measured = row >= rows;
    if (row % (is_measured ? kRowsOfWrite : 500) != 0) continue;
    const Nanoseconds start = thread_cpu_time();
    TRY(file->write());
    if (is_measured) spent += thread_cpu_time() - start;
  }
  const std::string status = TRY(read_file("/proc/self/status"));
  const std::size_t at = status.find("VmHWM:");
  fmt::print("{:.2f} {:.1f} {}\n", static_cast<double>(spent.count()) / 1e6 / kWrites,
             std::atof(status.c_str() + at + 6) / 1024, std::filesystem::file_size(path));
  return {};
}

}  // namespace
}  // namespace tacho

int main(int count, char** arguments) {
  const int hours = count > 2 ? std::atoi(arguments[2]) : 24;
  const int interval = count > 3 ? std::atoi(arguments[3]) : 1;
  if (count < 2 || hours < 1 || interval < 1) {
    fmt::print(stderr, "usage: bench_wide_day FILE.parquet [HOURS] [INTERVAL]\n");
    return 2;
  }
  const auto measured = tacho::measure(arguments[1], hours, interval);
  if (!measured) fmt::print(stderr, "{}\n", measured.error().text);
  return measured ? 0 : 1;
}
