// SPDX-License-Identifier: Apache-2.0
#include "query/listed.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

std::vector<ListedRecording> three() {
  std::vector<ListedRecording> all(3);
  all[0].path = "/x/a.tacho";
  all[0].facts.name = "nightly";
  all[0].facts.start_time = 1'763'990'000'000'000'000;
  all[0].facts.start_boottime = 5;
  all[0].facts.end_boottime = 5 + 20'000'000'000;
  all[0].facts.labels = {{"ci", "github"}, {"github.run", "5"}};
  all[0].facts.command.emplace();
  all[0].facts.command->arguments = {"make", "-j4"};
  all[0].facts.command->end = CommandEnd{.exit_code = 2};
  all[1].path = "/x/b.tacho";
  all[1].facts.name = "nightly";
  all[1].facts.labels = {{"ci", "gitlab"}};
  all[2].path = "/x/c.tacho";
  all[2].trouble = "damaged";
  return all;
}

void expect(std::string_view where, const std::vector<std::uint8_t>& expected) {
  const auto found = matching(three(), where, {});
  ASSERT_TRUE(found) << found.error().text;
  EXPECT_EQ(*found, expected) << where;
}

TEST(Listed, RecordingsAreFoundByLabelsAndFacts) {
  expect(R"(label.ci = "github" and name = "nightly")", {1, 0, 0});
  expect(R"(name = "nightly")", {1, 1, 0});
  expect(R"(label.github.run = "5")", {1, 0, 0});
  expect("label.github.run is null", {0, 1, 0});
  expect(R"(label.nobody-has-it = "x")", {0, 0, 0});
  expect("exit_code = 2 and signal is null", {1, 0, 0});
  expect(R"(command ~ "make -j")", {1, 0, 0});
  expect("length > 10s", {1, 0, 0});
  expect("start > \"2025-11-24\"", {1, 0, 0});
  expect("size > 0", {0, 0, 0});
}

TEST(Listed, AnUnknownColumnIsRefusedWithThoseThereAre) {
  const auto found = matching(three(), "ci = \"github\"", {});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::invalid);
  EXPECT_NE(found.error().text.find("label.ci"), std::string::npos) << found.error().text;
}

}  // namespace
}  // namespace tacho
