// SPDX-License-Identifier: Apache-2.0
// What a turn of each collector costs: CPU time of the thread, over turns spaced so that the caches
// are as cold as in a recording.
//   bench_collect_cost [turns=100] [milliseconds between turns=50] [only these tables: a,b]
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <thread>
#include <vector>

#include "collectors/collector.h"
#include "collectors/events.h"
#include "collectors/registry.h"
#include "collectors/self_statistics.h"

namespace {

using namespace std::chrono_literals;

struct Measured {
  const tacho::CollectorInfo* info;
  std::unique_ptr<tacho::Collector> collector;
  std::vector<tacho::Rows> rows;
  std::vector<std::int64_t> costs;  // ns, the first turn left out: it learns and opens
  std::size_t errors = 0;
};

void take_turn(Measured& measured, tacho::Clock& clock, std::uint64_t tick) {
  const tacho::Nanoseconds before = tacho::thread_cpu_time();
  const tacho::Instant now = clock.now();
  for (tacho::Rows& rows : measured.rows)
    rows.begin({tick, now.time.count(), now.boottime.count()});
  tacho::Collection into(measured.rows, tick == 0, clock);
  if (!measured.collector->collect(into)) ++measured.errors;
  if (tick > 0) measured.costs.push_back((tacho::thread_cpu_time() - before).count());
}

void print(const Measured& measured, double& sum) {
  std::vector<std::int64_t> costs = measured.costs;
  std::ranges::sort(costs);
  double mean = 0;
  for (const std::int64_t cost : costs) mean += static_cast<double>(cost) / 1000.0;
  mean /= static_cast<double>(costs.size());
  const auto cadence = std::chrono::duration<double>(measured.info->cadence).count();
  const double each_second = mean / std::max(1.0, cadence);
  sum += each_second;
  std::size_t rows = 0;
  for (const tacho::Rows& table : measured.rows) rows += table.size();
  fmt::print("{:<18} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>8.1f} {:>6} {:>6}\n",
             measured.info->name(), mean, static_cast<double>(costs.front()) / 1000.0,
             static_cast<double>(costs[costs.size() / 2]) / 1000.0,
             static_cast<double>(costs.back()) / 1000.0, each_second, rows, measured.errors);
}

}  // namespace

int main(int count, char** arguments) {
  const int turns = count > 1 ? std::max(2, std::atoi(arguments[1])) : 100;
  const auto pause = std::chrono::milliseconds(count > 2 ? std::atoi(arguments[2]) : 50);
  const auto selected = tacho::select_collectors(count > 3 ? arguments[3] : "", "");
  const auto root = tacho::Root::open("/");
  if (!selected || !root) {
    fmt::print(stderr, "{}\n", selected ? root.error().text : selected.error().text);
    return 2;
  }
  const tacho::Settings settings;
  tacho::SystemClock clock;
  tacho::EventQueue events;
  tacho::SelfStatistics statistics;
  const tacho::CollectorEnvironment environment{.root = *root, .settings = settings, .clock = clock,
                                                .events = &events, .statistics = &statistics};
  std::vector<Measured> all;
  for (const tacho::CollectorInfo* info : *selected) {
    auto made = info->create(environment);
    if (!made) {
      fmt::print("{:<18} {}\n", info->name(), made.error().text);
      continue;
    }
    Measured& measured = all.emplace_back(info, std::move(made).value());
    for (const tacho::Table* table : info->tables) measured.rows.emplace_back(*table);
  }
  for (int turn = 0; turn < turns; ++turn) {
    for (Measured& measured : all) take_turn(measured, clock, static_cast<std::uint64_t>(turn));
    std::this_thread::sleep_for(pause);
  }
  fmt::print("CPU us a turn; {} turns, {} ms apart\n", turns, pause.count());
  fmt::print("{:<18} {:>8} {:>8} {:>8} {:>8} {:>8} {:>6} {:>6}\n", "collector", "mean", "least",
             "median", "most", "each s", "rows", "errors");
  double sum = 0;
  for (const Measured& measured : all) print(measured, sum);
  fmt::print("{:<18} {:>44.1f}\n", "sum", sum);
  return 0;
}
