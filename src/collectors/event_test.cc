// SPDX-License-Identifier: Apache-2.0
#include "collectors/fixture.h"

namespace tacho {
namespace {

using fixture::Captured;
using fixture::Machine;
using fixture::Watch;

TEST(EventTable, HasWhatWasLeftInTheQueueOnce) {
  const Machine machine;
  Watch events("event", machine);
  events.events.push({.name = "mark", .body = "begin", .time = std::chrono::seconds(5),
                      .boottime = std::chrono::seconds(3), .end_time = std::chrono::seconds(9)});
  events.events.push({.name = "rows.dropped", .severity = Severity::warning, .body = "full",
                      .table = "cpu", .count = 12});
  ASSERT_TRUE(events.turn());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events.text(0, "name"), "mark");
  EXPECT_EQ(events.text(0, "severity"), "info");
  EXPECT_EQ(events.number(0, "event_time"), 5'000'000'000);
  EXPECT_EQ(events.number(0, "event_boottime"), 3'000'000'000);
  EXPECT_EQ(events.number(0, "end_time"), 9'000'000'000);
  EXPECT_FALSE(events.text(0, "about"));
  EXPECT_FALSE(events.number(0, "count"));
  EXPECT_EQ(events.text(1, "about"), "cpu");
  EXPECT_EQ(events.number(1, "count"), 12);
  EXPECT_EQ(events.number(1, "event_time"), events.clock.now().time.count());
  EXPECT_EQ(events.number(1, "event_boottime"), events.clock.now().boottime.count());
  ASSERT_TRUE(events.turn());
  EXPECT_EQ(events.size(), 0u);
}

TEST(EventTable, PlacesAMarkOfThePastOnBothClocks) {
  const Machine machine;
  Watch events("event", machine);
  events.events.push({.name = "mark", .time = events.clock.now().time - std::chrono::seconds(9)});
  ASSERT_TRUE(events.turn());
  // The turn is a second later.
  EXPECT_EQ(events.number(0, "event_boottime"),
            (events.clock.now().boottime - std::chrono::seconds(10)).count());
}

TEST(EventTable, SaysHowManyEventsWereLost) {
  const Machine machine;
  Watch events("event", machine);
  for (int i = 0; i < 300; ++i) events.events.push({.name = "mark"});
  ASSERT_TRUE(events.turn());
  const std::size_t kept = events.size();
  events.events.push({.name = "mark"});
  ASSERT_TRUE(events.turn());
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events.text(0, "name"), "events.dropped");
  EXPECT_EQ(events.number(0, "count"), static_cast<std::int64_t>(300 - kept));
}

}  // namespace
}  // namespace tacho
