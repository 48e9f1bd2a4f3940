// SPDX-License-Identifier: Apache-2.0
#include "collectors/cadence.h"

#include "collectors/fixture.h"

namespace tacho {
namespace {

TEST(Cadence, ComesFromTheOptionIntervalOrFromTheCollector) {
  Settings settings;
  EXPECT_EQ(*cadence_of(fixture::collector("filesystem"), settings), std::chrono::seconds(10));
  EXPECT_EQ(*cadence_of(fixture::collector("cpu"), settings), Nanoseconds::zero());
  ASSERT_TRUE(settings.set("filesystem.interval=1m"));
  EXPECT_EQ(*cadence_of(fixture::collector("filesystem"), settings), std::chrono::minutes(1));
}

TEST(Cadence, NamesTheOptionThatIsWrong) {
  Settings settings;
  ASSERT_TRUE(settings.set("filesystem.interval=often"));
  const auto wrong = cadence_of(fixture::collector("filesystem"), settings);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid);
  EXPECT_NE(wrong.error().text.find("filesystem.interval"), std::string::npos);
}

TEST(Cadence, DefaultOptionsSayWhatTheCollectorsSay) {
  const Settings settings;
  for (const CollectorInfo* info : all_collectors())
    EXPECT_EQ(*cadence_of(*info, settings), info->cadence) << info->name();
}

}  // namespace
}  // namespace tacho
