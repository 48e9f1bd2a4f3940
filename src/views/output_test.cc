// SPDX-License-Identifier: Apache-2.0
#include "views/output.h"

#include <stdlib.h>

#include "views/testing.h"

namespace tacho {
namespace {

void forget_variables() {
  for (const char* name : {"NO_COLOR", "CLICOLOR_FORCE", "FORCE_COLOR", "TERM"}) unsetenv(name);
}

TEST(Color, FollowsTheTerminalAndTheVariables) {
  forget_variables();
  EXPECT_TRUE(wants_color(ColorMode::automatic, true));
  EXPECT_FALSE(wants_color(ColorMode::automatic, false));
  setenv("TERM", "dumb", 1);
  EXPECT_FALSE(wants_color(ColorMode::automatic, true));
  setenv("FORCE_COLOR", "0", 1);
  EXPECT_FALSE(wants_color(ColorMode::automatic, false));
  setenv("FORCE_COLOR", "1", 1);
  EXPECT_TRUE(wants_color(ColorMode::automatic, false));
  setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(wants_color(ColorMode::automatic, true));
  EXPECT_TRUE(wants_color(ColorMode::always, false));
  EXPECT_FALSE(wants_color(ColorMode::never, true));
  setenv("NO_COLOR", "", 1);
  EXPECT_TRUE(wants_color(ColorMode::automatic, false));
  forget_variables();
}

TEST(Output, AppearsWhenItIsComplete) {
  testing::TemporaryFolder folder;
  const std::string path = folder / "out.txt";
  auto output = Output::open(path, ColorMode::never, false);
  ASSERT_TRUE(output) << output.error().text;
  output->write("text\n");
  EXPECT_TRUE(output->flush());
  EXPECT_NE(access(path.c_str(), F_OK), 0);
  ASSERT_TRUE(output->finish());
  EXPECT_EQ(testing::bytes_of(path), "text\n");
}

TEST(Output, LeavesNothingBehindWhenItWasNotFinished) {
  testing::TemporaryFolder folder;
  {
    auto output = Output::open(folder / "out.txt", ColorMode::never, false);
    ASSERT_TRUE(output);
    output->write("half");
    EXPECT_TRUE(output->flush());
  }
  EXPECT_TRUE(testing::names_in(folder / "").empty());
}

TEST(Output, NamesThePlaceThatCannotBeWritten) {
  const auto output = Output::open("/no/such/folder/out.txt", ColorMode::never, false);
  ASSERT_FALSE(output);
  EXPECT_NE(output.error().text.find("/no/such/folder/out.txt"), std::string::npos) << output.error().text;
}

TEST(Output, HasNoColorSequencesWithoutColor) {
  const auto colorful = [](Output& output) {
    output.write(std::string(output.bold()) + "x" + std::string(output.plain()));
  };
  EXPECT_EQ(testing::written_by(colorful), "x");
  EXPECT_EQ(testing::written_by(colorful, ColorMode::always), "\033[1mx\033[0m");
}

}  // namespace
}  // namespace tacho
