// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace tacho {
namespace {

using namespace std::chrono_literals;

// Runs a test in one zone, whatever the machine's is.
class Times : public ::testing::Test {
 protected:
  static void in_zone(const char* zone) {
    setenv("TZ", zone, 1);
    tzset();
  }
  void TearDown() override {
    unsetenv("TZ");
    tzset();
  }
  static std::string utc(std::string_view text, Nanoseconds now = kNow) {
    const auto time = parse_time(text, now);
    return time ? format_time(*time, Zone::utc, 9) : time.error().text;
  }
  // 2026-11-24T14:30:00Z
  static constexpr Nanoseconds kNow = std::chrono::seconds(1'795'530'600);
};

// Rules written out, so that the test needs no zone files: an hour later from March to October.
constexpr const char* kBerlin = "CET-1CEST,M3.5.0,M10.5.0/3";

TEST(Duration, ReadsEveryUnitAndSums) {
  EXPECT_EQ(*parse_duration("3ns"), 3ns);
  EXPECT_EQ(*parse_duration("12us"), 12us);
  EXPECT_EQ(*parse_duration("250ms"), 250ms);
  EXPECT_EQ(*parse_duration("10s"), 10s);
  EXPECT_EQ(*parse_duration("10"), 10s);
  EXPECT_EQ(*parse_duration("0.01"), 10ms);
  EXPECT_EQ(*parse_duration("1.5h"), 90min);
  EXPECT_EQ(*parse_duration("2m30s"), 150s);
  EXPECT_EQ(*parse_duration("1h 2m 3s"), 3723s);
  EXPECT_EQ(*parse_duration("41.3 s"), 41'300ms);
  EXPECT_EQ(*parse_duration("7d"), 168h);
  EXPECT_EQ(*parse_duration("2w"), 336h);
}

TEST(Duration, NamesWhatIsWrongAndShowsWhatIsRight) {
  for (const char* text : {"", "s", "-5s", "5x", "1h30", "1 2", ".5s", "5.s", "10S", "1e3", "s5"}) {
    const auto duration = parse_duration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().code, ErrorCode::invalid);
    EXPECT_EQ(duration.error().text.find(std::string("'") + text + "' is not a duration"), 0u)
        << duration.error().text;
    EXPECT_NE(duration.error().text.find("2m30s"), std::string::npos);
  }
}

TEST(Duration, RefusesWhatNanosecondsCannotHold) {
  EXPECT_TRUE(parse_duration("15000w"));
  EXPECT_FALSE(parse_duration("16000w"));
  EXPECT_FALSE(parse_duration("999999999999999999w"));
  EXPECT_FALSE(parse_duration("9999999999999999999s"));
}

TEST(Size, ReadsBinaryAndDecimalUnits) {
  EXPECT_EQ(*parse_size("4096"), 4096);
  EXPECT_EQ(*parse_size("7B"), 7);
  EXPECT_EQ(*parse_size("512KiB"), 512 * 1024);
  EXPECT_EQ(*parse_size("1.5GiB"), 3 * (1LL << 29));
  EXPECT_EQ(*parse_size("2GB"), 2'000'000'000);
  EXPECT_EQ(*parse_size("2G"), 2LL << 30);
  EXPECT_EQ(*parse_size("512m"), 512LL << 20);
  EXPECT_EQ(*parse_size("5.61 GiB"), 6'023'691'632);
  EXPECT_EQ(*parse_size("1T"), 1LL << 40);
}

TEST(Size, NamesWhatIsWrongAndShowsWhatIsRight) {
  for (const char* text : {"", "GiB", "-1", "1.5", "1XB", "1GiBs", "1 2", "1G1M", "0x10"}) {
    const auto size = parse_size(text);
    ASSERT_FALSE(size) << text;
    EXPECT_NE(size.error().text.find(std::string("'") + text + "'"), std::string::npos);
    EXPECT_NE(size.error().text.find("1.5GiB"), std::string::npos);
  }
  EXPECT_TRUE(parse_size("7EiB"));
  EXPECT_FALSE(parse_size("8EiB"));
}

TEST(Size, IsWrittenWithThreeDigits) {
  EXPECT_EQ(format_size(0), "0 B");
  EXPECT_EQ(format_size(1023), "1023 B");
  EXPECT_EQ(format_size(1024), "1.00 KiB");
  EXPECT_EQ(format_size(6'023'691'796), "5.61 GiB");
  EXPECT_EQ(format_size(612LL << 20), "612 MiB");
  EXPECT_EQ(format_size((1LL << 30) - 1), "1.00 GiB");
  EXPECT_EQ(format_size(10'239), "10.0 KiB");
  EXPECT_EQ(format_size(-2048), "-2.00 KiB");
  EXPECT_EQ(format_size(INT64_MAX), "8.00 EiB");
}

TEST(Duration, IsWrittenForPeople) {
  EXPECT_EQ(format_duration(0ns), "0 ns");
  EXPECT_EQ(format_duration(12us), "12 us");
  EXPECT_EQ(format_duration(1'530us), "1.53 ms");
  EXPECT_EQ(format_duration(250ms), "250 ms");
  EXPECT_EQ(format_duration(999'600us), "1 s");
  EXPECT_EQ(format_duration(41'300ms), "41.3 s");
  EXPECT_EQ(format_duration(59'960ms), "1m00s");
  EXPECT_EQ(format_duration(14min + 32s), "14m32s");
  EXPECT_EQ(format_duration(59min + 59'600ms), "1h00m");
  EXPECT_EQ(format_duration(2h + 5min), "2h05m");
  EXPECT_EQ(format_duration(76h), "3d04h");
  EXPECT_EQ(format_duration(-250ms), "-250 ms");
}

TEST_F(Times, AreRelativeToNow) {
  EXPECT_EQ(utc("now"), "2026-11-24T14:30:00.000000000Z");
  EXPECT_EQ(utc("-5m"), "2026-11-24T14:25:00.000000000Z");
  EXPECT_EQ(utc("-1.5h"), "2026-11-24T13:00:00.000000000Z");
}

TEST_F(Times, OfTheDayAreTheLatestNotAfterNow) {
  in_zone(kBerlin);  // now is 15:30 there
  EXPECT_EQ(utc("15:30"), "2026-11-24T14:30:00.000000000Z");
  EXPECT_EQ(utc("15:31"), "2026-11-23T14:31:00.000000000Z");
  EXPECT_EQ(utc("00:00:01"), "2026-11-23T23:00:01.000000000Z");
  // Now is 2026-11-01T00:30+01:00: "23:00" is of the day before, in another month.
  EXPECT_EQ(utc("23:00", *parse_time("2026-11-01T00:30+01:00", kNow)),
            "2026-10-31T22:00:00.000000000Z");
}

TEST_F(Times, WithADateHonourTheirZone) {
  in_zone(kBerlin);
  EXPECT_EQ(utc("2026-11-24T21:28:41.5+01:00"), "2026-11-24T20:28:41.500000000Z");
  EXPECT_EQ(utc("2026-11-24T21:28:41-0330"), "2026-11-25T00:58:41.000000000Z");
  EXPECT_EQ(utc("2026-11-24 21:28Z"), "2026-11-24T21:28:00.000000000Z");
  EXPECT_EQ(utc("2026-11-24 21:28:41"), "2026-11-24T20:28:41.000000000Z");
  EXPECT_EQ(utc("2026-07-24 21:28:41"), "2026-07-24T19:28:41.000000000Z");
  EXPECT_EQ(utc("2026-11-24"), "2026-11-23T23:00:00.000000000Z");
}

TEST_F(Times, ReadEpochSeconds) {
  EXPECT_EQ(utc("@1795530600.25"), "2026-11-24T14:30:00.250000000Z");
  EXPECT_EQ(utc("@0"), "1970-01-01T00:00:00.000000000Z");
}

TEST_F(Times, NameWhatIsWrongAndShowWhatIsRight) {
  for (const char* text : {"", "yesterday", "24:00", "21:60", "21", "21:2", "2026-02-30",
                           "2026-13-01", "2026-11-24T", "2026-11-24T21:28:41+1", "2026-11-24X21:28",
                           "21:28:41.", "@", "@1.", "@-1", "@9999999999999", "-", "-x",
                           "21:28 x", "2026-11-24T21:28:41+25:00"}) {
    const auto time = parse_time(text, kNow);
    ASSERT_FALSE(time) << text;
    EXPECT_EQ(time.error().text.find(std::string("'") + text + "' is not a time"), 0u);
    EXPECT_NE(time.error().text.find("2026-11-24T21:28:41+01:00"), std::string::npos);
  }
}

TEST_F(Times, AreWrittenWithTheirOffset) {
  in_zone(kBerlin);
  const Nanoseconds time = kNow + 123'456'789ns;
  EXPECT_EQ(format_time(time, Zone::utc), "2026-11-24T14:30:00.123Z");
  EXPECT_EQ(format_time(time, Zone::local), "2026-11-24T15:30:00.123+01:00");
  EXPECT_EQ(format_time(time, Zone::local, 0), "2026-11-24T15:30:00+01:00");
  EXPECT_EQ(format_time(time, Zone::utc, 9), "2026-11-24T14:30:00.123456789Z");
  EXPECT_EQ(format_time(-1ns, Zone::utc, 9), "1969-12-31T23:59:59.999999999Z");
  EXPECT_EQ(format_clock_time(time, Zone::local), "15:30:00");
  in_zone("NST3:30");
  EXPECT_EQ(format_time(time, Zone::local, 0), "2026-11-24T11:00:00-03:30");
}

TEST_F(Times, ComeBackAsTheyWereWritten) {
  in_zone(kBerlin);
  for (std::int64_t step = 0; step < 400; ++step) {
    const Nanoseconds time = kNow + Nanoseconds(step * 86'400'123'456'789);
    EXPECT_EQ(*parse_time(format_time(time, Zone::local, 9), kNow), time);
  }
}

}  // namespace
}  // namespace tacho
