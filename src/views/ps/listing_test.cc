// SPDX-License-Identifier: Apache-2.0
#include "views/ps/listing.h"

#include "views/testing.h"

namespace tacho {
namespace {

struct Thing {
  std::optional<std::int64_t> size;
  std::string name;
};
using Column = ListColumn<Thing>;

std::vector<Column> columns() {
  return {{.name = "size",
           .title = "SIZE",
           .align = Align::right,
           .value = [](const Thing& thing) { return SortValue::of(thing.size); },
           .show = [](const Thing& thing) { return thing.size ? std::to_string(*thing.size) : ""; }},
          {.name = "name",
           .title = "NAME",
           .first = Column::First::smallest,
           .value = [](const Thing& thing) { return SortValue::of(std::string_view(thing.name)); },
           .show = [](const Thing& thing) { return thing.name; }}};
}

std::string sorted(std::string_view sort, bool reverse, std::size_t most) {
  const auto all = columns();
  const auto order = order_of(all, sort, reverse);
  EXPECT_TRUE(order);
  FirstRows<Thing> first(all[order->column], order->is_turned, most);
  for (const Thing& thing : {Thing{3, "c"}, Thing{{}, "x"}, Thing{1, "b"}, Thing{3, "a"}, Thing{7, ""}})
    first.add(thing);
  EXPECT_EQ(first.count(), 5U);
  std::string text;
  for (const Thing& thing : first.take())
    text += thing.name + (thing.size ? std::to_string(*thing.size) : "-") + " ";
  return text;
}

TEST(Listing, PutsTheLargestFirstAndTheUnknownLast) {
  EXPECT_EQ(sorted("size", false, 9), "7 c3 a3 b1 x- ");
  EXPECT_EQ(sorted("-size", false, 9), "b1 c3 a3 7 x- ");
  EXPECT_EQ(sorted("size", true, 9), "b1 c3 a3 7 x- ");
  EXPECT_EQ(sorted("-size", true, 9), "7 c3 a3 b1 x- ");
  EXPECT_EQ(sorted("name", false, 9), "a3 b1 c3 x- 7 ");
}

TEST(Listing, KeepsNoMoreThanIsWanted) {
  EXPECT_EQ(sorted("size", false, 2), "7 c3 ");
  EXPECT_EQ(sorted("-size", false, 1), "b1 ");
}

TEST(Listing, NamesTheColumnsWhenThereIsNoSuch) {
  const auto order = order_of(columns(), "weight", false);
  ASSERT_FALSE(order);
  EXPECT_EQ(order.error().text, "--sort: there is no 'weight' here, but size, name; for example --sort name");
}

TEST(Listing, LeavesColumnsOutUntilALineFits) {
  using Kept = std::vector<std::size_t>;
  const std::vector<int> widths = {10, 10, 10, 100}, goes = {0, 1, 2, 0};
  EXPECT_EQ(columns_that_fit(widths, goes, 60), (Kept{0, 1, 2, 3}));
  EXPECT_EQ(columns_that_fit(widths, goes, 59), (Kept{0, 1, 3}));
  EXPECT_EQ(columns_that_fit(widths, goes, 47), (Kept{0, 3}));
  EXPECT_EQ(columns_that_fit(widths, goes, 5), (Kept{0, 3}));
}

TEST(Listing, ShowsWhatIsUnknownAsNothingAndLetsNoControlByteThrough) {
  const std::vector<Thing> rows = {{std::nullopt, "a\x1b[31m"}, {12, "b"}};
  EXPECT_EQ(testing::written_by([&](Output& output) { print_rows(columns(), 0, rows, output); }),
            "SIZE  NAME\n"
            "      a\\x1b[31m\n"
            "  12  b\n");
}

}  // namespace
}  // namespace tacho
