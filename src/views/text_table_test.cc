// SPDX-License-Identifier: Apache-2.0
#include "base/display.h"
#include "views/text_table.h"

#include "views/testing.h"
#include "views/turned.h"

namespace tacho {
namespace {

using testing::written_by;

TEST(TextTable, AlignsColumnsAndLeavesNoBlanksAtTheEndOfALine) {
  const std::string text = written_by([](Output& output) {
    TextTable table;
    table.add_column("NAME", Align::left);
    table.add_column("SIZE", Align::right);
    table.add_column("WHAT", Align::left);
    table.add_row({"日本", "1", "x"});
    table.add_row({"a", "100000", ""});
    table.print(output, "  ");
  });
  EXPECT_EQ(text,
            "  NAME    SIZE  WHAT\n"
            "  日本       1  x\n"
            "  a     100000\n");
}

TEST(TextTable, LetsNoControlByteThrough) {
  const std::string text = written_by([](Output& output) {
    TextTable table;
    table.add_column("A\033[31m", Align::left);
    table.add_row({"x\033]0;evil\007\ty\n"});
    table.print(output);
    output.write(wrapped("", "a\x9b b\xE2\x80\xAE", 80));
  });
  EXPECT_EQ(text, "A\\x1b[31m\nx\\x1b]0;evil\\x07 y\\x0a\na\\x9b b\\xe2\\x80\\xae\n");
}

TEST(TextTable, SaysTheTitleOnceAndKeepsWidths) {
  const std::string text = written_by([](Output& output) {
    TextTable table;
    table.add_column("N", Align::right);
    table.add_row({"1000"});
    table.print(output);
    table.add_row({"1"});
    table.print(output);
  });
  EXPECT_EQ(text, "   N\n1000\n   1\n");
}

TEST(Turned, ShowsOneRowAsPairsColumnByColumn) {
  const std::string text = written_by([](Output& output) {
    print_turned({"a", "bb", "c", "d"}, {{"1", "22", "", "4"}}, output);
  });
  EXPECT_EQ(text, "a    1    bb  22    d    4\n");
}

TEST(Turned, PutsRowsSideBySideAndGoesOnBelow) {
  std::vector<std::vector<std::string>> rows;
  for (int row = 0; row < 5; ++row)
    rows.push_back({std::to_string(row), std::string(40, static_cast<char>('a' + row)), ""});
  const std::string text = written_by([&](Output& output) {
    print_turned({"cpu", "value", "nothing"}, rows, output);
  });
  // 120 columns hold two of them beside the titles.
  EXPECT_EQ(std::ranges::count(text, '\n'), 3 * 2 + 2);
  EXPECT_TRUE(text.starts_with("cpu    "));
  EXPECT_NE(text.find("value  " + rows[0][1] + "  " + rows[1][1] + "\n\ncpu"), std::string::npos) << text;
  EXPECT_NE(text.find("value  " + rows[4][1] + "\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("nothing"), std::string::npos);
}

}  // namespace
}  // namespace tacho
