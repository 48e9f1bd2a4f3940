// SPDX-License-Identifier: Apache-2.0
#include "foreign/csv_fields.h"

#include <gtest/gtest.h>

#include <bit>
#include <cerrno>
#include <cstdlib>
#include <random>

#include "foreign/numbers.h"

namespace tacho {
namespace {

std::vector<std::vector<std::string>> rows_of(CsvFields& fields, std::size_t columns) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t row = 0; row < fields.rows(); ++row) {
    rows.emplace_back();
    for (std::size_t column = 0; column < columns; ++column)
      rows.back().push_back(unquoted(fields.field(row, column)));
  }
  return rows;
}

TEST(CsvFields, SplitsLinesOfAnyLength) {
  CsvFields fields(',', 2);
  const std::string longer(300, 'x');
  const std::string text = "a,b\r\n,\n" + longer + "," + longer + "\n";
  fields.split(text);
  EXPECT_EQ(rows_of(fields, 2),
            (std::vector<std::vector<std::string>>{{"a", "b"}, {"", ""}, {longer, longer}}));
  EXPECT_EQ(fields.uneven(), 0U);
}

TEST(CsvFields, KeepsSeparatorsAndNewlinesWithinQuotes) {
  CsvFields fields(',', 2);
  const std::string text = "\"a,\n\"\"b\",2\n5\" disk,\"\"\n";
  fields.split(text);
  EXPECT_EQ(rows_of(fields, 2),
            (std::vector<std::vector<std::string>>{{"a,\n\"b", "2"}, {"5\" disk", ""}}));
}

TEST(CsvFields, LeavesOutAndCountsLinesWithAnotherNumberOfFields) {
  CsvFields fields(',', 2);
  const std::string text = "1,2\n\n3\n4,5,6\n7,8\n";
  fields.split(text);
  EXPECT_EQ(rows_of(fields, 2), (std::vector<std::vector<std::string>>{{"1", "2"}, {"7", "8"}}));
  EXPECT_EQ(fields.uneven(), 2U);
  EXPECT_EQ(fields.first_uneven(), 3U);
  EXPECT_EQ(fields.lines(), 5U);
}

TEST(CsvFields, ABlockEndsOutsideOfQuotes) {
  EXPECT_EQ(whole_lines("a,b\nc", ','), 4U);
  EXPECT_EQ(whole_lines("a,b", ','), 0U);
  EXPECT_EQ(whole_lines("a,\"b\nc", ','), 0U);
  EXPECT_EQ(whole_lines("a,\"b\nc\"\nd\"\ne", ','), 11U);
}

TEST(CsvFields, CountsTheFieldsOfALineOutsideOfQuotes) {
  EXPECT_EQ(fields_of_line("a,b\nc,d,e\n", ','), 2U);
  EXPECT_EQ(fields_of_line("\"a,b\",c\n", ','), 2U);
  EXPECT_EQ(fields_of_line("\"a\"\",b\",c,\n", ','), 3U);
  EXPECT_EQ(fields_of_line("\n", ','), 1U);
  EXPECT_EQ(fields_of_line("a,\"b\n", ','), 0U);
}

TEST(CsvFields, ATypeThatIsTooNarrowSaysWhichIsNot) {
  CsvFields fields(',', 3);
  const std::string text = "1,2.5,x\n,N/A,\n-3,4,y\n" + std::string(kNumberPadding, '\0');
  fields.split(std::string_view(text).substr(0, text.size() - kNumberPadding));
  RawValues values;
  Type wider{};
  ASSERT_TRUE(fields.read(0, Type::integer, values, wider));
  EXPECT_EQ(static_cast<std::int64_t>(values.words[2]), -3);
  EXPECT_EQ(values.present, (std::vector<std::uint8_t>{1, 0, 1}));
  ASSERT_FALSE(fields.read(1, Type::integer, values, wider));
  EXPECT_EQ(wider, Type::real);
  ASSERT_TRUE(fields.read(1, wider, values, wider));
  EXPECT_EQ(std::bit_cast<double>(values.words[0]), 2.5);
  EXPECT_EQ(values.present, (std::vector<std::uint8_t>{1, 0, 1}));
  ASSERT_FALSE(fields.read(2, Type::integer, values, wider));
  EXPECT_EQ(wider, Type::text);
  ASSERT_TRUE(fields.read(2, wider, values, wider));
  EXPECT_EQ(values.bytes, "xy");
  EXPECT_EQ(values.present, (std::vector<std::uint8_t>{1, 0, 1}));
}

struct NumberCase {
  std::string text;
  Reading reading;
  std::int64_t integer = 0;
  double real = 0;
};

TEST(Numbers, AreReadAsTheyAreWritten) {
  const NumberCase cases[] = {{"0", Reading::integer, 0},
                              {"-17", Reading::integer, -17},
                              {"+5", Reading::integer, 5},
                              {" 8 ", Reading::integer, 8},
                              {"\"9\"", Reading::integer, 9},
                              {"9223372036854775807", Reading::integer, INT64_MAX},
                              {"-9223372036854775808", Reading::integer, INT64_MIN},
                              {"9223372036854775808", Reading::real, 0, 9223372036854775808.0},
                              {"0.1", Reading::real, 0, 0.1},
                              {"-12.345678901234567", Reading::real, 0, -12.345678901234567},
                              {"123456789.123456789123", Reading::real, 0, 123456789.123456789123},
                              {"1e3", Reading::real, 0, 1000},
                              {"1.", Reading::real, 0, 1},
                              {"12345678", Reading::integer, 12345678},
                              {"123456789", Reading::integer, 123456789},
                              {"1234567890123456", Reading::integer, 1234567890123456},
                              {"12345678.87654321", Reading::real, 0, 12345678.87654321},
                              {"123456789012345678", Reading::integer, 123456789012345678},
                              {"", Reading::missing},
                              {"-", Reading::missing},
                              {"NaN", Reading::missing},
                              {"N/A", Reading::missing},
                              {"inf", Reading::missing},
                              {"1e999", Reading::missing},
                              {"12 MB", Reading::text},
                              {"1.2.3", Reading::text},
                              {"0x10", Reading::text},
                              {"--1", Reading::text}};
  for (const NumberCase& one : cases) {
    std::int64_t integer = 0;
    double real = 0;
    const char* begin = one.text.data();
    EXPECT_EQ(read_number(begin, begin + one.text.size(), integer, real), one.reading) << one.text;
    if (one.reading == Reading::integer) {
      EXPECT_EQ(integer, one.integer) << one.text;
    }
    if (one.reading == Reading::real) {
      EXPECT_EQ(real, one.real) << one.text;
    }
    const std::string padded = one.text + "," + std::string(kNumberPadding, '7');
    std::int64_t same_integer = 0;
    double same_real = 0;
    EXPECT_EQ(
        read_padded_number(padded.data(), padded.data() + one.text.size(), same_integer, same_real),
        one.reading)
        << one.text;
    EXPECT_EQ(same_integer, integer) << one.text;
    EXPECT_EQ(same_real, real) << one.text;
  }
}

// The bytes in the buffer behind a field are anything.
Reading read_in_words(const std::string& text, std::int64_t& integer, double& real) {
  const std::string padded = text + "," + std::string(kNumberPadding, '9');
  return read_padded_number(padded.data(), padded.data() + text.size(), integer, real);
}

TEST(Numbers, OfAnyLengthAreTheNearestDouble) {
  std::mt19937_64 random(1);
  for (int turn = 0; turn < 200'000; ++turn) {
    const std::size_t size = 1 + random() % 22, point = random() % (size + 1);
    std::string text = random() % 4 == 0 ? "-" : "";
    for (std::size_t place = 0; place < size; ++place) {
      if (place == point && place > 0) text.push_back('.');
      text.push_back(static_cast<char>('0' + random() % 10));
    }
    std::int64_t integer = 0;
    double real = 0;
    const Reading reading = read_in_words(text, integer, real);
    errno = 0;
    const std::int64_t whole = std::strtoll(text.c_str(), nullptr, 10);
    const bool is_whole = errno == 0 && text.find('.') == std::string::npos;
    ASSERT_EQ(reading, is_whole ? Reading::integer : Reading::real) << text;
    if (is_whole)
      ASSERT_EQ(integer, whole) << text;
    else
      ASSERT_EQ(real, std::strtod(text.c_str(), nullptr)) << text;
  }
}

TEST(Numbers, WithAnyByteInThemAreWhatTheyAreByteByByte) {
  std::mt19937_64 random(2);
  for (int turn = 0; turn < 200'000; ++turn) {
    std::string text;
    for (std::size_t size = random() % 20; size > 0; --size)
      text.push_back(static_cast<char>('0' + random() % 10));
    for (std::size_t odd = random() % 3; odd > 0 && !text.empty(); --odd)
      text[random() % text.size()] =
          random() % 2 == 0 ? ".-+e:/"[random() % 6] : static_cast<char>(random() % 256);
    std::int64_t integer = 0, same_integer = 0;
    double real = 0, same_real = 0;
    const Reading reading = read_number(text.data(), text.data() + text.size(), integer, real);
    ASSERT_EQ(read_in_words(text, same_integer, same_real), reading) << text;
    ASSERT_EQ(same_integer, integer) << text;
    ASSERT_EQ(same_real, real) << text;
  }
}

TEST(CsvFields, LinesThatAreEvenAreSplitLikeOthers) {
  // The second text has one line more that is not even: it is split field by field.
  std::mt19937_64 random(3);
  for (const std::size_t columns : {1U, 2U, 3U, 19U}) {
    std::string even;
    for (int row = 0; row < 200; ++row) {
      for (std::size_t column = 0; column < columns; ++column) {
        if (column > 0) even.push_back(',');
        even.append(random() % 9 + (columns == 1 ? 1 : 0), static_cast<char>('a' + random() % 26));
      }
      even += random() % 3 == 0 ? "\r\n" : "\n";
    }
    const std::string uneven = even + "a" + std::string(columns + 1, ',') + "\n";
    CsvFields fast(',', columns), slow(',', columns);
    fast.split(even);
    slow.split(uneven);
    EXPECT_EQ(fast.rows(), 200U);
    EXPECT_EQ(slow.uneven(), 1U);
    EXPECT_EQ(rows_of(fast, columns), rows_of(slow, columns));
    EXPECT_EQ(fast.lines() + 1, slow.lines());
  }
}

}  // namespace
}  // namespace tacho
