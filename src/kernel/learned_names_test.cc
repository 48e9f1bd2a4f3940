// SPDX-License-Identifier: Apache-2.0
#include "kernel/learned_names.h"

#include <gtest/gtest.h>

#include <map>

namespace tacho {
namespace {

constexpr std::string_view kWanted[] = {"MemFree", "pgfault"};

std::map<std::size_t, std::int64_t> read(LearnedNames& names, std::string_view text) {
  std::map<std::size_t, std::int64_t> values;
  each_named_number(text, names, [&](std::size_t i, std::int64_t value) { values[i] = value; });
  return values;
}

TEST(LearnedNames, FindWhatIsWantedWithColonBlankOrTab) {
  LearnedNames names(kWanted);
  const auto values = read(names, "MemFree:  17 kB\nother 3\npgfault\t5");
  EXPECT_EQ(values, (std::map<std::size_t, std::int64_t>{{0, 17}, {1, 5}}));
  EXPECT_EQ(names.unwanted(), std::vector<std::string>{"other"});
}

TEST(LearnedNames, FollowLinesThatMoveComeAndGo) {
  LearnedNames names(kWanted);
  read(names, "MemFree: 1\npgfault 2\n");
  EXPECT_EQ(read(names, "new 9\npgfault 3\nMemFree: 4\n"),
            (std::map<std::size_t, std::int64_t>{{0, 4}, {1, 3}}));
  EXPECT_EQ(read(names, "pgfault 6\n"), (std::map<std::size_t, std::int64_t>{{1, 6}}));
}

TEST(LearnedNames, SkipWhatIsNoNumber) {
  LearnedNames names(kWanted);
  EXPECT_TRUE(read(names, "MemFree: none\npgfault\n\n").empty());
  EXPECT_TRUE(read(names, "").empty());
}

}  // namespace
}  // namespace tacho
