// SPDX-License-Identifier: Apache-2.0
#include "query/predicate.h"

#include <gtest/gtest.h>

#include "query/entities.h"

namespace tacho {
namespace {

std::shared_ptr<arrow::Field> field(const char* name, std::shared_ptr<arrow::DataType> type,
                                    const char* unit = "1") {
  return arrow::field(name, std::move(type), true, arrow::key_value_metadata({"unit"}, {unit}));
}

// memory     user        heat  command   time       number
// 2 GiB      3 s         1.5   cc1plus   12:00:00   2^63
// 100        2^53+1 ns   -2    ld        12:00:01   0
// null       null        null  null      12:00:02   1
Batch sample() {
  static const std::int64_t kNoon = 1'763'985'600'000'000'000;  // 2025-11-24T12:00:00Z
  const Schema schema =
      arrow::schema({field("memory", arrow::int64(), "By"), field("user", arrow::int64(), "ns"),
                     field("heat", arrow::float64()), field("command", arrow::utf8(), ""),
                     field("time", arrow::timestamp(arrow::TimeUnit::NANO, "UTC"), "ns"),
                     field("number", arrow::uint64())});
  BatchBuilder builder(schema);
  builder.column(0).append_word(std::uint64_t{2} << 30);
  builder.column(0).append_word(100);
  builder.column(0).append_null();
  builder.column(1).append_word(3'000'000'000);
  builder.column(1).append_word((std::uint64_t{1} << 53) + 1);
  builder.column(1).append_null();
  builder.column(2).append_real(1.5);
  builder.column(2).append_real(-2);
  builder.column(2).append_null();
  builder.column(3).append_text("cc1plus");
  builder.column(3).append_text("ld");
  builder.column(3).append_null();
  for (std::int64_t row = 0; row < 3; ++row)
    builder.column(4).append_word(static_cast<std::uint64_t>(kNoon + row * 1'000'000'000));
  builder.column(5).append_word(std::uint64_t{1} << 63);
  builder.column(5).append_word(0);
  builder.column(5).append_word(1);
  return *builder.finish();
}

// "101" for the first and the third row; or the error's text.
std::string matches(std::string_view where) {
  const Batch batch = sample();
  auto predicate = Predicate::parse(where, Nanoseconds(1'763'999'999'000'000'000));
  if (!predicate) return predicate.error().text;
  if (const auto bound = predicate->bind(*batch->schema()); !bound) return bound.error().text;
  std::string text;
  for (const std::uint8_t match : predicate->evaluate(*batch)) text += match != 0 ? '1' : '0';
  return text;
}

TEST(Predicate, ComparesNumbersSizesDurationsTextsAndTimes) {
  EXPECT_EQ(matches("memory > 1GiB"), "100");
  EXPECT_EQ(matches("memory = 100"), "010");
  EXPECT_EQ(matches("memory<=2GiB"), "110");
  EXPECT_EQ(matches("user >= 3s"), "110");
  EXPECT_EQ(matches("user = 9007199254740993"), "010");  // 2^53 + 1: no double holds it
  EXPECT_EQ(matches("user = 9007199254740992"), "000");
  EXPECT_EQ(matches("heat < 0"), "010");
  EXPECT_EQ(matches("heat = 1.5"), "100");
  EXPECT_EQ(matches("heat = -2"), "010");
  EXPECT_EQ(matches("command = \"ld\""), "010");
  EXPECT_EQ(matches("command ~ '1pl'"), "100");
  EXPECT_EQ(matches("time >= \"2025-11-24T12:00:01Z\""), "011");
  EXPECT_EQ(matches("number > 5"), "100");  // above what int64 holds
  EXPECT_EQ(matches("number = 9223372036854775808"), "100");
}

TEST(Predicate, JoinsWithAndOrNotAndBrackets) {
  EXPECT_EQ(matches("memory = 100 or heat = 1.5 and command = 'ld'"), "010");
  EXPECT_EQ(matches("(memory = 100 or heat = 1.5) and command != 'ld'"), "100");
  EXPECT_EQ(matches("NOT (memory = 100 OR heat = 7)"), "100");
  EXPECT_EQ(matches("not not memory = 100"), "010");
  EXPECT_EQ(matches("not (command ~ 'c' and memory > 1)"), "010");
}

TEST(Predicate, TakesNullAsUnknown) {
  EXPECT_EQ(matches("memory != 5"), "110");
  EXPECT_EQ(matches("not memory = 5"), "110");
  EXPECT_EQ(matches("memory is null"), "001");
  EXPECT_EQ(matches("memory is not null"), "110");
  EXPECT_EQ(matches("not memory is null"), "110");
  EXPECT_EQ(matches("not command ~ 'c'"), "010");
}

TEST(Predicate, ShowsThePlaceAndARightExample) {
  for (const char* wrong :
       {"", "memory", "memory >", "memory > > 1", "> 1", "memory = 1 and", "(memory = 1",
        "memory = 1)", "command = \"cc", "memory is full", "memory = 1 heat = 2", "and = 1"}) {
    const std::string text = matches(wrong);
    EXPECT_NE(text.find("at character "), std::string::npos) << wrong << ": " << text;
    EXPECT_NE(text.find("memory_usage > 1GiB"), std::string::npos) << wrong << ": " << text;
  }
  EXPECT_NE(matches("memory > > 1").find("at character 10"), std::string::npos);
  EXPECT_EQ(matches(std::string(100'000, '(')).find("--where: too many brackets"), 0U);
}

TEST(Predicate, SaysWhatDoesNotFitAColumn) {
  EXPECT_NE(matches("memry > 1").find("there are: memory, user, heat"), std::string::npos);
  EXPECT_NE(matches("command = 5").find("command = \"5\""), std::string::npos);
  EXPECT_NE(matches("heat > 1GiB").find("\"1GiB\" is no number"), std::string::npos);
  EXPECT_NE(matches("heat ~ 'a'").find("looks into text"), std::string::npos);
  EXPECT_NE(matches("memory > 1hour"), "000");
}

TEST(Predicate, PassesOverWhatNoRowCanMatch) {
  const Batch batch = sample();
  const auto may_match = [&](std::string_view where) {
    auto predicate = Predicate::parse(where, {});
    EXPECT_TRUE(predicate && predicate->bind(*batch->schema())) << where;
    return predicate->may_match([](std::string_view column) -> std::optional<ValueRange> {
      ValueRange range;
      if (column == "memory") {
        range.low = 10;
        range.high = 20;
      } else if (column == "command") {
        range.low_text = "b";
        range.high_text = "d";
      } else if (column == "heat") {
        range.low_real = -1;
        range.high_real = 1;
      } else {
        return std::nullopt;
      }
      return range;
    });
  };
  EXPECT_FALSE(may_match("memory > 20"));
  EXPECT_TRUE(may_match("memory >= 20"));
  EXPECT_FALSE(may_match("memory < 10"));
  EXPECT_FALSE(may_match("memory = 9"));
  EXPECT_FALSE(may_match("not memory <= 20"));
  EXPECT_TRUE(may_match("memory != 10"));
  EXPECT_FALSE(may_match("command = 'e'"));
  EXPECT_TRUE(may_match("command ~ 'e'"));
  EXPECT_FALSE(may_match("heat > 1"));
  EXPECT_TRUE(may_match("user = 1"));  // not known
  EXPECT_TRUE(may_match("memory = 9 or heat = 0"));
  EXPECT_FALSE(may_match("memory = 15 and heat > 2"));
  EXPECT_TRUE(may_match("memory is null"));
}

}  // namespace
}  // namespace tacho
