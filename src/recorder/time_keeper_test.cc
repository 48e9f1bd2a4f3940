// SPDX-License-Identifier: Apache-2.0
#include "recorder/time_keeper.h"

#include <gtest/gtest.h>

#include "recorder/testing.h"

namespace tacho {
namespace {

using namespace std::chrono_literals;
using testing::drained;

constexpr Instant kStart{1'000'000s, 100s, 90s};

Instant after(Nanoseconds passed) {
  return {kStart.time + passed, kStart.boottime + passed, kStart.monotonic + passed};
}

struct Keeper {
  EventQueue events;
  TimeKeeper keeper{kStart, 1s, events};
};

TEST(TimeKeeper, LatenessDoesNotAddUp) {
  Keeper made;
  std::uint64_t tick = 0;
  for (int turn = 1; turn <= 1000; ++turn) {
    // Every tick ends 300 ms after it was due.
    tick = made.keeper.next_after(tick, after(turn * 1s - 1s + 300ms));
    EXPECT_EQ(tick, static_cast<std::uint64_t>(turn));
    EXPECT_EQ(made.keeper.due(tick), kStart.boottime + turn * 1s);
  }
  EXPECT_EQ(made.keeper.missed(), 0);
  EXPECT_TRUE(drained(made.events).empty());
}

TEST(TimeKeeper, ATickThatIsLateByLessThanAnIntervalIsTakenAtOnce) {
  Keeper made;
  EXPECT_EQ(made.keeper.next_after(0, after(1999ms)), 1U);
  EXPECT_EQ(made.keeper.missed(), 0);
}

TEST(TimeKeeper, MissedTicksAreSkippedCountedAndSaid) {
  Keeper made;
  EXPECT_EQ(made.keeper.next_after(3, after(7500ms)), 7U);
  EXPECT_EQ(made.keeper.missed(), 3);
  const auto events = drained(made.events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "tick.missed");
  EXPECT_EQ(events[0].count, 3);
  EXPECT_EQ(events[0].body, "3 ticks were not taken: the one before took 4.5 s");
}

TEST(TimeKeeper, AnHoursStepChangesNoTickAndIsSaid) {
  for (const Nanoseconds step : {Nanoseconds(1h), Nanoseconds(-1h)}) {
    Keeper made;
    Instant now = after(1s);
    now.time += step;
    made.keeper.watch(now);
    EXPECT_EQ(made.keeper.next_after(1, now), 2U);
    made.keeper.watch({now.time + 1s, now.boottime + 1s, now.monotonic + 1s});
    const auto events = drained(made.events);
    ASSERT_EQ(events.size(), 1U) << "said once";
    EXPECT_EQ(events[0].name, "clock.step");
    EXPECT_EQ(events[0].count, step.count());
    EXPECT_EQ(events[0].body, step > 0s ? "the wall clock was set forward by 1h00m"
                                        : "the wall clock was set back by 1h00m");
    EXPECT_EQ(made.keeper.missed(), 0);
  }
}

TEST(TimeKeeper, SlewingIsNoStep) {
  Keeper made;
  for (int second = 1; second <= 100; ++second) {
    Instant now = after(second * 1s);
    now.time += second * 500us;
    made.keeper.watch(now);
  }
  EXPECT_TRUE(drained(made.events).empty());
}

TEST(TimeKeeper, ASuspendIsSaidAndItsTicksAreNoFaultOfOurs) {
  Keeper made;
  Instant now = after(1h);
  now.monotonic -= 1h - 1s;
  made.keeper.watch(now);
  EXPECT_EQ(made.keeper.next_after(1, now), 3600U);
  EXPECT_EQ(made.keeper.missed(), 3598);
  auto events = drained(made.events);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].name, "suspend");
  EXPECT_EQ(events[0].count, Nanoseconds(1h - 1s).count());
  // What is missed afterwards is ours again.
  now = {now.time + 5s, now.boottime + 5s, now.monotonic + 5s};
  made.keeper.watch(now);
  EXPECT_EQ(made.keeper.next_after(3600, now), 3605U);
  EXPECT_EQ(testing::names_of(drained(made.events)), std::vector<std::string>{"tick.missed"});
}

TEST(TimeKeeper, ASuspendThatMissedNothingExcusesNoLaterMiss) {
  Keeper made;
  Instant now = after(1s + 100ms);
  now.monotonic -= 100ms;
  made.keeper.watch(now);
  EXPECT_EQ(made.keeper.next_after(1, now), 2U);
  now = {now.time + 9s, now.boottime + 9s, now.monotonic + 9s};
  made.keeper.watch(now);
  EXPECT_EQ(made.keeper.next_after(2, now), 10U);
  EXPECT_EQ(testing::names_of(drained(made.events)),
            (std::vector<std::string>{"suspend", "tick.missed"}));
}

}  // namespace
}  // namespace tacho
