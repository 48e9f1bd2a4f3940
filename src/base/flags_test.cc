// SPDX-License-Identifier: Apache-2.0
#include "base/flags.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

struct Line {
  std::string name;
  bool quiet = false;
  std::vector<std::string> sets;
  std::vector<std::string> words;
  std::string error;
};

Line parsed(std::vector<std::string> arguments, Order order = Order::free) {
  arguments.insert(arguments.begin(), "command");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  Line line;
  bool help = false;
  const Flag flags[] = {
      {"name", Flag::Value::required, set_text(line.name)},
      {"quiet", Flag::Value::none, set_true(line.quiet)},
      {"help", Flag::Value::none, set_true(help)},
      {"set", Flag::Value::required, [&](std::string_view text) -> Result<void> {
         if (text == "bad") return Error{ErrorCode::invalid, "--set is never bad"};
         if (text == "worse") return Error{ErrorCode::invalid, "'worse' is no setting"};
         line.sets.emplace_back(text);
         return {};
       }}};
  auto words = parse_flags(static_cast<int>(argv.size()), argv.data(), flags, order);
  if (!words) line.error = words.error().text;
  else line.words = *words;
  if (help) line.words.insert(line.words.begin(), "(help)");
  return line;
}

using Words = std::vector<std::string>;

TEST(Flags, TakesValuesBehindABlankOrAnEqualsSign) {
  const Line line = parsed({"--name", "one", "--quiet", "--set=a=b", "--set", "c"});
  EXPECT_EQ(line.error, "");
  EXPECT_EQ(line.name, "one");
  EXPECT_TRUE(line.quiet);
  EXPECT_EQ(line.sets, (Words{"a=b", "c"}));
  EXPECT_EQ(parsed({"--name="}).error, "");
}

TEST(Flags, LeavesTheOtherWordsInTheirOrder) {
  const Line line = parsed({"@last", "--quiet", "process", "-", "-5m"});
  EXPECT_EQ(line.words, (Words{"@last", "process", "-", "-5m"}));
}

TEST(Flags, TakesANegativeTimeForAValue) { EXPECT_EQ(parsed({"--name", "-5m"}).name, "-5m"); }

TEST(Flags, EndsTheOptionsAtTwoDashes) {
  const Line line = parsed({"--quiet", "--", "--name", "x"});
  EXPECT_EQ(line.words, (Words{"--name", "x"}));
  EXPECT_EQ(line.name, "");
}

TEST(Flags, LeavesTheCommandAloneWhenOptionsComeFirst) {
  const Line line = parsed({"--name", "n", "make", "--quiet", "-j4", "--", "x"}, Order::options_first);
  EXPECT_EQ(line.words, (Words{"make", "--quiet", "-j4", "--", "x"}));
  EXPECT_FALSE(line.quiet);
  EXPECT_EQ(parsed({"--", "make"}, Order::options_first).words, (Words{"make"}));
}

TEST(Flags, NamesWhatIsWrong) {
  EXPECT_EQ(parsed({"--nam", "x"}).error, "there is no option '--nam'");
  EXPECT_EQ(parsed({"-q"}).error, "there is no option '-q'");
  EXPECT_EQ(parsed({"--quiet", "--name"}).error, "a value is missing after '--name'");
  EXPECT_EQ(parsed({"--quiet=yes"}).error, "'--quiet' takes no value");
  EXPECT_EQ(parsed({"--set", "bad"}).error, "--set is never bad");
  EXPECT_EQ(parsed({"--set=worse"}).error, "--set: 'worse' is no setting");
  EXPECT_EQ(parsed({"--a\x1b[31m"}).error, "there is no option '--a\\x1b[31m'");
}

TEST(Flags, KnowsTheShortFormOfHelp) {
  EXPECT_EQ(parsed({"-h"}).words, (Words{"(help)"}));
  EXPECT_EQ(parsed({"-help"}).error, "there is no option '-help'");
}

}  // namespace
}  // namespace tacho
