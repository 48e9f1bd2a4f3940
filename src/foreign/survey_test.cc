// SPDX-License-Identifier: Apache-2.0
#include "foreign/survey.h"

#include <gtest/gtest.h>

#include <bit>
#include <random>

#include "foreign/guess.h"
#include "foreign/profiler.h"
#include "foreign/times.h"

namespace tacho {
namespace {

RawValues integers(const std::vector<std::int64_t>& values) {
  RawValues raw;
  raw.begin(Type::integer, values.size());
  for (std::size_t row = 0; row < values.size(); ++row) {
    raw.words[row] = static_cast<std::uint64_t>(values[row]);
    raw.present[row] = values[row] == -1 ? 0 : 1;  // -1: nothing
  }
  return raw;
}

ColumnProfile profile_of(const std::vector<std::int64_t>& values, std::int64_t first_second) {
  std::vector<std::int64_t> times;
  for (std::size_t row = 0; row < values.size(); ++row)
    times.push_back((first_second + static_cast<std::int64_t>(row)) * 1'000'000'000);
  ColumnProfile profile;
  profile.add(integers(values), times);
  return profile;
}

TEST(ColumnProfile, IsTheSameInOnePieceAndInTwo) {
  const std::vector<std::int64_t> values = {5, -1, 9, 2, 30, 30, -1, 31};
  const ColumnProfile whole = profile_of(values, 0);
  for (std::size_t cut = 0; cut <= values.size(); ++cut) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(cut);
    ColumnProfile joined = profile_of({values.begin(), middle}, 0);
    joined.append(profile_of({middle, values.end()}, static_cast<std::int64_t>(cut)));
    EXPECT_EQ(joined.count, 6U);
    EXPECT_EQ(joined.low, 2);
    EXPECT_EQ(joined.high, 31);
    EXPECT_EQ(joined.low_time, whole.low_time);
    EXPECT_EQ(joined.grown, 4 + 28 + 1);
    EXPECT_DOUBLE_EQ(joined.steepest, 28) << cut;
    EXPECT_EQ(joined.steepest_time, 4'000'000'000);
    EXPECT_EQ(joined.downs, 1U);
    EXPECT_EQ(joined.ups, whole.ups);
    EXPECT_EQ(joined.last, 31);
  }
}

TEST(Profiler, TellsTheSameAsAWalkOverTheRows) {
  std::mt19937_64 random(1);
  for (std::size_t rows : {0U, 1U, 2U, 5U, 64U, 1000U}) {
    std::vector<std::int64_t> times;
    RawValues values;
    values.begin(rows % 2 == 0 ? Type::integer : Type::real, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      times.push_back(static_cast<std::int64_t>(row + random() % 2) * 500'000'000);
      const auto value = static_cast<std::int64_t>(random() % 100);
      values.words[row] = values.type == Type::integer ? static_cast<std::uint64_t>(value)
                                                       : std::bit_cast<std::uint64_t>(double(value) / 4);
      values.present[row] = 1;
    }
    for (const bool has_hole : {false, true}) {
      if (has_hole && rows > 0) values.present[rows / 2] = 0;
      ColumnProfile walked;
      walked.add(values, times);
      Profiler profiler;
      profiler.begin(times);
      const ColumnProfile found = profiler.profile_of(values);
      EXPECT_EQ(found.count, walked.count);
      EXPECT_EQ(found.low, walked.low);
      EXPECT_EQ(found.high, walked.high);
      EXPECT_EQ(found.low_time, walked.low_time) << rows;
      EXPECT_EQ(found.high_time, walked.high_time) << rows;
      EXPECT_EQ(found.first_time, walked.first_time);
      EXPECT_EQ(found.last, walked.last);
      EXPECT_DOUBLE_EQ(found.sum, walked.sum);
      EXPECT_DOUBLE_EQ(found.grown, walked.grown);
      EXPECT_DOUBLE_EQ(found.steepest, walked.steepest);
      EXPECT_EQ(found.steepest_time, walked.steepest_time) << rows;
      EXPECT_EQ(found.ups, walked.ups);
      EXPECT_EQ(found.downs, walked.downs);
    }
  }
}

TEST(TimeLine, CountsDistinctTimesAndFindsWhatIsMissing) {
  const std::vector<std::vector<std::int64_t>> parts = {
      {10, 10, 20}, {20, 30, 70}, {80, 81, 90, 100}};
  TimeLine line;
  Survey survey;
  std::vector<Stretch> stretches(parts.size());
  for (std::size_t index = 0; index < parts.size(); ++index)
    line.append(TimeLine::part_of(parts[index]), stretches[index]);
  line.finish(survey);
  EXPECT_EQ(survey.rows, 10U);
  EXPECT_EQ(survey.ticks, 8U);
  EXPECT_TRUE(survey.is_long());
  EXPECT_EQ(survey.step, 10);
  ASSERT_EQ(survey.gaps.size(), 1U);
  EXPECT_EQ(survey.gaps[0].after, 30);
  EXPECT_EQ(survey.gaps[0].before, 70);
  EXPECT_EQ(survey.gaps[0].tick, 2U);
  EXPECT_EQ(stretches[1].first_tick, 1U);
  EXPECT_EQ(stretches[1].last_tick, 3U);
  EXPECT_EQ(stretches[2].first_tick, 4U);
}

TEST(Survey, ArrivesAsItWasSent) {
  Survey survey{.format = "CSV", .time_name = "t", .rows = 3};
  survey.columns.push_back(
      {.name = "a", .type = static_cast<int>(Type::real)});  // low is infinite: no value
  survey.stretches.push_back({.offset = 1, .size = 2});
  const auto back = survey_from(to_bytes(survey));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->columns[0].name, "a");
  EXPECT_EQ(back->columns[0].profile.low, survey.columns[0].profile.low);
  EXPECT_EQ(back->stretches[0].size, 2U);
  EXPECT_FALSE(survey_from("\x01nonsense"));
  EXPECT_FALSE(survey_from(""));
  // An array of almost 2^64 values.
  EXPECT_FALSE(survey_from("\x9b\xff\xff\xff\xff\xff\xff\xff\xf0"));
}

TEST(Survey, IsRefusedWhenItSaysWhatNoFileCan) {
  const auto arrives = [](const auto& change) {
    Survey survey{.rows = 3, .ticks = 3, .high_time = 30, .step = 10};
    survey.columns.push_back({.name = "a", .type = static_cast<int>(Type::real)});
    survey.stretches.push_back({.size = 3, .high_time = 30});
    survey.gaps.push_back({.tick = 1, .after = 10, .before = 30});
    change(survey);
    return static_cast<bool>(survey_from(to_bytes(survey)));
  };
  EXPECT_TRUE(arrives([](Survey&) {}));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.columns[0].type = 7; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.high_time = INT64_MAX; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.low_time = 31; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.stretches[0].low_time = INT64_MIN; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.columns[0].profile.last_time = INT64_MAX; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.gaps[0].before = 5; }));
  EXPECT_FALSE(arrives([](Survey& survey) { survey.step = 0; }));
}

TEST(Guess, UnitsFollowFromNames) {
  EXPECT_EQ(unit_by_name("rx_bytes"), "By");
  EXPECT_EQ(unit_by_name("read_bytes_total"), "By");
  EXPECT_EQ(unit_by_name("net_bytes_sent_per_sec"), "By/s");
  EXPECT_EQ(unit_by_name("used_mb"), "{MB}");
  EXPECT_EQ(unit_by_name("cpu_percent"), "%");
  EXPECT_EQ(unit_by_name("latency_ms"), "ms");
  EXPECT_EQ(unit_by_name("requests_total"), "");
  EXPECT_EQ(unit_by_name("loss"), "");
  EXPECT_EQ(unit_by_name("___"), "");
}

TEST(Guess, AnyNameIsRead) {
  for (const bool is_long : {false, true}) {
    Survey survey{.rows = is_long ? 2U : 1U, .ticks = 1};
    survey.columns.push_back({.name = "___", .type = static_cast<int>(Type::integer)});
    survey.columns.push_back({.name = "\u6e29\u5ea6", .type = static_cast<int>(Type::real)});
    EXPECT_EQ(guessed_column(survey, 0).kind, Kind::gauge);
    EXPECT_EQ(guessed_column(survey, 1).unit, "");
  }
}

TEST(Guess, WhatTheFileSaysItselfHolds) {
  Survey survey{.rows = 1, .ticks = 1};
  survey.columns.push_back(
      {.name = "x", .type = static_cast<int>(Type::integer), .kind = "counter", .unit = "ns"});
  EXPECT_EQ(guessed_column(survey, 0).kind, Kind::counter);
  EXPECT_EQ(guessed_column(survey, 0).unit, "ns");
}

SurveyedColumn rising(const std::string& name, int rows) {
  std::vector<std::int64_t> values;
  for (int row = 0; row < rows; ++row) values.push_back(row);
  return {.name = name, .type = static_cast<int>(Type::integer), .profile = profile_of(values, 0)};
}

TEST(Guess, OnlyWhatIsNamedOrRisesLikeACounterIsOne) {
  EXPECT_TRUE(is_counter(rising("packets", 20)));
  EXPECT_FALSE(is_counter(rising("packets", 5)));       // may be chance
  EXPECT_FALSE(is_counter(rising("used_memory", 20)));  // a leak is no counter
  EXPECT_TRUE(is_counter(rising("requests_total", 3)));
  EXPECT_FALSE(is_counter({.name = "packets",
                           .type = static_cast<int>(Type::integer),
                           .profile = profile_of({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 9}, 0)}));
}

TEST(Times, AreReadInEveryFormThatIsUsed) {
  setenv("TZ", "America/Sao_Paulo", 1);
  tzset();
  TimeReader reader(TimeForm::iso);
  const std::int64_t right = 1'763'990'000'000'000'000;
  for (const char* text :
       {"2025-11-24T13:13:20Z", "2025-11-24 13:13:20+00:00", "2025-11-24T10:13:20-0300",
        "2025-11-24T14:13:20.000000000+01", "2025/11/24 13:13:20 UTC", "\"2025-11-24T13:13:20Z\""})
    EXPECT_EQ(reader.read(text), right) << text;
  EXPECT_FALSE(reader.saw_naive());
  EXPECT_EQ(reader.read("2025-11-24T10:13:20.25"), right + 250'000'000);
  EXPECT_TRUE(reader.saw_naive());
  for (const char* text :
       {"", "2025-11-24T25:00:00Z", "2025-02-30", "2025-11-24T10:13:20.", "2025-11-24T10", "now",
        "2025-11-24T13:13:20+99:00", "9999-01-01", "2025-11-24T13:13:20Zx"})
    EXPECT_FALSE(reader.read(text)) << text;
  unsetenv("TZ");
  tzset();
}

TEST(Times, AreWithin146YearsOf1970) {
  TimeReader reader(TimeForm::iso);
  EXPECT_TRUE(reader.read("1824-01-01T00:00:00Z"));
  EXPECT_TRUE(reader.read("2116-01-01T00:00:00Z"));
  EXPECT_FALSE(reader.read("1800-01-01T00:00:00Z"));
  EXPECT_FALSE(reader.read("2200-01-01T00:00:00Z"));
  EXPECT_FALSE(TimeReader(TimeForm::nanoseconds).read("9223372036854775807"));
  // No date has been read yet that this could be the same as.
  EXPECT_FALSE(TimeReader(TimeForm::iso).read(std::string(10, '\0')));
}

TEST(Times, NumbersAreExactToTheirLastDigit) {
  EXPECT_EQ(TimeReader(TimeForm::seconds).read("1763990000.123456789"), 1'763'990'000'123'456'789);
  EXPECT_EQ(TimeReader(TimeForm::milliseconds).read("1763990000123"), 1'763'990'000'123'000'000);
  EXPECT_FALSE(TimeReader(TimeForm::seconds).read("99999999999999999"));
  EXPECT_EQ(form_of("1763990000"), TimeForm::seconds);
  EXPECT_EQ(form_of("1763990000123456"), TimeForm::microseconds);
  EXPECT_FALSE(form_of("12 MB"));
}

}  // namespace
}  // namespace tacho
