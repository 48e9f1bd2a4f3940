// SPDX-License-Identifier: Apache-2.0
#include "views/values.h"

#include <stdlib.h>
#include <time.h>

#include <cmath>

#include "views/testing.h"

namespace tacho {
namespace {

using testing::BatchMaker;
using namespace std::chrono_literals;

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr Nanoseconds kMoment(1'763'990'000 * kSecond + 250'000'000);  // 2025-11-24 13:13:20.25 UTC

// The local zone while it lives.
class ZoneOfTest {
 public:
  explicit ZoneOfTest(const char* name) {
    const char* before = getenv("TZ");
    if (before != nullptr) before_ = before;
    setenv("TZ", name, 1);
    tzset();
  }
  ~ZoneOfTest() {
    if (before_) setenv("TZ", before_->c_str(), 1);
    else unsetenv("TZ");
    tzset();
  }

 private:
  std::optional<std::string> before_;
};

TEST(Moments, SaysTheZoneOnce) {
  const Moments moments(Zone::utc, kMoment);
  EXPECT_EQ(moments.title(), "UTC");
  EXPECT_EQ(moments.text(kMoment, 0), "2025-11-24 13:13:20");
  EXPECT_EQ(moments.text(kMoment, 3), "2025-11-24 13:13:20.250");
}

TEST(Moments, SaysTheDateOnceWhereAllLieOnOneDay) {
  const Moments day(Zone::utc, kMoment, kMoment + 1h);
  EXPECT_EQ(day.title(), "2025-11-24, UTC");
  EXPECT_EQ(day.text(kMoment + 1h, 0), "14:13:20");
  const Moments two_days(Zone::utc, kMoment, kMoment + 24h);
  EXPECT_EQ(two_days.title(), "UTC");
  EXPECT_EQ(two_days.text(kMoment + 24h, 0), "2025-11-25 13:13:20");
}

TEST(Moments, MarksATimeOfAnotherOffset) {
  const ZoneOfTest zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const Nanoseconds summer(1'761'436'800 * kSecond);  // 2025-10-26 00:00 UTC, an hour before the change
  const Moments moments(Zone::local, summer);
  EXPECT_EQ(moments.title(), "+02:00");
  EXPECT_EQ(moments.text(summer, 0), "2025-10-26 02:00:00");
  EXPECT_EQ(moments.text(summer + 1h, 0), "2025-10-26 02:00:00 +01:00");
}

TEST(Moments, KeepsTheOffsetOfZonesBehindUtc) {
  const ZoneOfTest zone("<-03>3");
  const Moments moments(Zone::local, kMoment);
  EXPECT_EQ(moments.title(), "-03:00");
  EXPECT_EQ(moments.text(kMoment, 3), "2025-11-24 10:13:20.250");
}

std::string shown(const Batch& batch, std::int64_t row) {
  const auto columns = columns_of(*batch->schema());
  return display(columns[0], ColumnView(*batch, columns[0].name), row, Moments(Zone::utc, kMoment));
}

TEST(Values, AreShownInUnitsThatPeopleRead) {
  const auto bytes = BatchMaker().numbers("x", "By", "gauge", {1331691520, -1024, std::nullopt}).make();
  EXPECT_EQ(shown(bytes, 0), "1.24 GiB");
  EXPECT_EQ(shown(bytes, 1), "-1.00 KiB");
  EXPECT_EQ(shown(bytes, 2), "");  // missing is nothing, not 0
  const auto durations = BatchMaker().numbers("x", "ns", "counter", {0, 1'500'000'000}).make();
  EXPECT_EQ(shown(durations, 0), "0 s");
  EXPECT_EQ(shown(durations, 1), "1.5 s");
  const auto rates = BatchMaker().reals("x_rate", "By/s", {2048, 0.5, std::nullopt}).make();
  EXPECT_EQ(shown(rates, 0), "2.00 KiB/s");
  EXPECT_EQ(shown(rates, 2), "");
  const auto reals = BatchMaker().reals("x", "1", {0.125, 12, INFINITY}).make();
  EXPECT_EQ(shown(reals, 0), "0.12");
  EXPECT_EQ(shown(reals, 1), "12");
  EXPECT_EQ(shown(reals, 2), "inf");
}

TEST(Values, OfAKeyAreNoSizes) {
  const auto keys = BatchMaker().numbers("pid", "By", "key", {4096}).make();
  EXPECT_EQ(shown(keys, 0), "4096");
}

TEST(Values, AreWholeForMachines) {
  const auto batch = BatchMaker()
                         .numbers("x", "By", "gauge", {1331691520, std::nullopt})
                         .times("time", {kMoment.count(), kMoment.count()})
                         .reals("r", "1", {0.1, 1e300})
                         .make();
  const auto columns = columns_of(*batch->schema());
  const auto text = [&](std::size_t column, std::int64_t row) {
    return machine_text(columns[column], ColumnView(*batch, columns[column].name), row, Zone::utc);
  };
  EXPECT_EQ(text(0, 0), "1331691520");
  EXPECT_EQ(text(0, 1), "");
  EXPECT_EQ(text(1, 0), "2025-11-24T13:13:20.250000000Z");
  EXPECT_EQ(text(2, 0), "0.1");
  EXPECT_EQ(text(2, 1), "1e+300");
}

}  // namespace
}  // namespace tacho
