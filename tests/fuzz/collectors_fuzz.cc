// SPDX-License-Identifier: Apache-2.0
// Every collector on a machine whose files say what they like, for three turns.
#include "base/text.h"
#include "collectors/collector.h"
#include "collectors/events.h"
#include "collectors/registry.h"
#include "collectors/self_statistics.h"
#include "fake_machine.h"
#include "fuzz.h"

namespace tacho {
namespace {

class StandingClock final : public Clock {
 public:
  Instant now() override { return instant; }
  bool sleep_until(Nanoseconds, int) override { return true; }
  Instant instant{std::chrono::seconds(1'763'990'000), std::chrono::seconds(1000),
                  std::chrono::seconds(1000)};
};

// Texts go to a recording as they are: they must be safe there, each for itself: what one ends with and the
// next begins with may be one character, escaped byte by byte. Backslashes are of escapes, and of quotes
// in command lines.
void look_at(const Rows& rows) {
  for (const ColumnData& data : rows.columns()) {
    if (data.type != Type::text) continue;
    std::size_t begin = 0;
    for (const std::int32_t end : data.ends) {
      std::string text = data.bytes.substr(begin, static_cast<std::size_t>(end) - begin);
      std::erase(text, '\\');
      fuzz::expect(escaped(text) == text, "a text was not escaped");
      begin = static_cast<std::size_t>(end);
    }
  }
}

void run(const CollectorInfo& info, const Root& root, fuzz::FakeMachine& machine) {
  StandingClock clock;
  EventQueue events;
  SelfStatistics statistics;
  const Settings settings;
  std::vector<Rows> rows;
  for (const Table* table : info.tables) rows.emplace_back(*table);
  auto collector = info.create({.root = root,
                                .settings = settings,
                                .clock = clock,
                                .events = &events,
                                .statistics = &statistics,
                                .command = 1});
  if (!collector) return;
  for (std::uint64_t turn = 0; turn < 3; ++turn) {
    if (turn == 1) machine.change();
    clock.instant.time += std::chrono::seconds(1);
    clock.instant.boottime += std::chrono::seconds(1);
    clock.instant.monotonic += std::chrono::seconds(1);
    root.begin_turn();
    for (Rows& each : rows)
      each.begin({turn, clock.instant.time.count(), clock.instant.boottime.count()});
    Collection into(rows, turn == 2, clock, turn == 2);
    (void)(*collector)->collect(into);
    for (const Rows& each : rows) look_at(each);
  }
  Coverage coverage;
  (*collector)->report_coverage(coverage);
}

}  // namespace

FUZZ_TARGET(collectors) {
  static const std::string folder = fuzz::memory_folder() + "/machine";
  for (const CollectorInfo* info : all_collectors()) {
    if (info->name() == "self" || info->name() == "event") continue;  // of the recorder itself
    fuzz::FakeMachine machine(folder, input);
    const auto root = Root::open(folder);
    fuzz::expect(static_cast<bool>(root), "no root");
    run(*info, *root, machine);
  }
}

}  // namespace tacho
