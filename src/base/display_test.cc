// SPDX-License-Identifier: Apache-2.0
#include "base/display.h"

#include <gtest/gtest.h>

namespace tacho {
namespace {

TEST(Display, CountsTheColumnsOfATerminal) {
  EXPECT_EQ(display_width("abc"), 3);
  EXPECT_EQ(display_width("é"), 1);
  EXPECT_EQ(display_width("e\xCC\x81"), 1);  // a combining accent
  EXPECT_EQ(display_width("日本"), 4);
  EXPECT_EQ(display_width("🚀"), 2);
}

TEST(Display, CutsAtAWholeCharacterAndSaysSo) {
  EXPECT_EQ(cut_to("abcdef", 6), "abcdef");
  EXPECT_EQ(cut_to("abcdef", 5), "abcd…");
  EXPECT_EQ(cut_to("ééé", 2), "é…");
  EXPECT_EQ(cut_to("日本語", 4), "日…");  // the second would end in the last column
}

TEST(Display, BreaksTextAtBlanksWithAHangingIndent) {
  EXPECT_EQ(wrapped("  name  ", "one two three four", 24), "  name  one two three\n        four\n");
  EXPECT_EQ(wrapped("", "short", 80), "short\n");
  // A word that fits no line is broken; nothing of it is lost.
  EXPECT_EQ(wrapped("", "a 0123456789abcdefghij", 16), "a\n0123456789abcdef\nghij\n");
  EXPECT_EQ(wrapped("> ", "", 80), "> \n");
}

TEST(Display, LeavesWhatTachoRecordedAsItWas) {
  for (const char* text : {"", "plain", "a \\x1b b \\x5c", "é 日本 🚀"}) EXPECT_EQ(printable(text), text);
}

TEST(Display, KnowsNoWidthOfWhatIsNoTerminal) { EXPECT_EQ(terminal_width(-1), 0); }

}  // namespace
}  // namespace tacho
