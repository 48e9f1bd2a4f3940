// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

#include <random>

namespace tacho {
namespace {

TEST(Text, LeavesOrdinaryTextAsItIs) {
  EXPECT_EQ(escaped("a b\tc"), "a b\tc");
  EXPECT_EQ(escaped("São Paulo 東京 🚀"), "São Paulo 東京 🚀");
}

TEST(Text, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(escaped("\x1b[31m\n"), "\\x1b[31m\\x0a");
  EXPECT_EQ(escaped("\x7f"), "\\x7f");
  EXPECT_EQ(escaped(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(escaped("\xc2\x9b"), "\\xc2\\x9b");  // U+009B, a C1 control
}

TEST(Text, EscapesBidiControls) {
  EXPECT_EQ(escaped("a\u202eb"), "a\\xe2\\x80\\xaeb");
  EXPECT_EQ(escaped("\u2066"), "\\xe2\\x81\\xa6");
  EXPECT_EQ(escaped("\u061c"), "\\xd8\\x9c");
  EXPECT_EQ(escaped("\u200f"), "\\xe2\\x80\\x8f");
}

TEST(Text, EscapesWhatIsNotUtf8) {
  EXPECT_EQ(escaped("\xff"), "\\xff");
  EXPECT_EQ(escaped("\xc3"), "\\xc3");                          // cut
  EXPECT_EQ(escaped("\xc0\xaf"), "\\xc0\\xaf");                  // overlong
  EXPECT_EQ(escaped("\xe0\x80\xaf"), "\\xe0\\x80\\xaf");         // overlong
  EXPECT_EQ(escaped("\xed\xa0\x80"), "\\xed\\xa0\\x80");         // surrogate
  EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // above U+10FFFF
  EXPECT_EQ(escaped("\xe2\x82x"), "\\xe2\\x82x");
}

TEST(Text, EscapesTheBackslashItself) {
  EXPECT_EQ(escaped("C:\\x41"), "C:\\x5cx41");
  EXPECT_EQ(unescaped("C:\\x5cx41"), "C:\\x41");
}

TEST(Text, GivesTheBytesBack) {
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    std::string bytes(random() % 40, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    const std::string text = escaped(bytes);
    EXPECT_EQ(unescaped(text), bytes);
    EXPECT_EQ(escaped(unescaped(text)), text);
  }
}

TEST(Text, LeavesAloneWhatIsNoEscape) { EXPECT_EQ(unescaped("\\n \\x4 \\xg0"), "\\n \\x4 \\xg0"); }

TEST(Text, CutsAtTheLimitAndNeverInsideACharacter) {
  std::string out = "before:";
  EXPECT_FALSE(append_escaped(out, "abcd", 3));
  EXPECT_EQ(out, "before:abc");
  EXPECT_EQ(escaped("é", 1), "");
  EXPECT_EQ(escaped("a\x1b", 4), "a");
  out.clear();
  EXPECT_TRUE(append_escaped(out, "abc", 3));
  EXPECT_EQ(out, "abc");
}

TEST(Text, ParsesOnlyWholeIntegers) {
  EXPECT_EQ(parse_integer<int>("-12"), -12);
  EXPECT_EQ(parse_integer<unsigned>("ff", 16), 255u);
  for (const char* wrong : {"", " 1", "1 ", "1x", "+1", "99999999999"})
    EXPECT_FALSE(parse_integer<int>(wrong)) << wrong;
}

TEST(Text, TrimsBothEnds) {
  EXPECT_EQ(trimmed(" \t a b \r\n"), "a b");
  EXPECT_EQ(trimmed(" \n"), "");
  EXPECT_EQ(trimmed(""), "");
}

TEST(Text, TakesPartsOffTheFront) {
  std::string_view rest = "a::b";
  EXPECT_EQ(take_until(rest, ':'), "a");
  EXPECT_EQ(take_until(rest, ':'), "");
  EXPECT_EQ(take_until(rest, ':'), "b");
  EXPECT_EQ(rest, "");
}

}  // namespace
}  // namespace tacho
