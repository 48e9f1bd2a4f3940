// SPDX-License-Identifier: Apache-2.0
// What one reading of a foreign file tells of it: types, figures of its columns, times, gaps, and
// where its rows lie. It is made in the confined process and sent to the one that asked, as CBOR.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "foreign/raw.h"

namespace tacho {

// Figures of one column over rows that follow one another.
struct ColumnProfile {
  std::uint64_t count = 0;  // values that are there
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double sum = 0, first = 0, last = 0;
  std::int64_t low_time = 0, high_time = 0, first_time = 0, last_time = 0;
  std::uint64_t ups = 0, downs = 0;  // steps from one value to the next
  double grown = 0, steepest = 0;    // of the steps up; a second
  std::int64_t steepest_time = 0;

  void add(const RawValues& values, std::span<const std::int64_t> times);
  // Of the rows that come next.
  void append(const ColumnProfile& next);

 private:
  void step(double from, std::int64_t from_time, double to, std::int64_t to_time);
};

struct SurveyedColumn {
  std::string name;  // escaped; each once
  int type = 0;      // a Type
  // What the file says of it, where tacho wrote it: a Kind by name, UCUM, a sentence.
  std::string kind = {}, unit = {}, help = {};
  ColumnProfile profile;
  Type type_of() const { return static_cast<Type>(type); }
};

// A part of the file that is read as a whole: lines of a CSV file, a row group.
struct Stretch {
  std::uint64_t offset = 0, size = 0;  // bytes; for Parquet the row group's number and rows
  std::uint64_t first_tick = 0, last_tick = 0;
  std::int64_t low_time = 0, high_time = 0;
};

struct LongStep {
  std::uint64_t tick = 0;  // behind it
  std::int64_t after = 0, before = 0;
};

struct Survey {
  std::string format;                   // "CSV", "Parquet"
  std::string separator;                // CSV
  std::string time_name;                // the time column
  std::string time_form;                // "ISO 8601", "seconds since 1970" ...
  bool is_naive = false;                // some time carries no zone
  bool is_utc = false;                  // the file says that its times are in UTC
  std::string zone;                     // of times without one, where the file says it (tacho.zone)
  std::vector<SurveyedColumn> columns;  // all but the time column
  // Of the mean, row by row, of the columns that is_cpu_share.
  ColumnProfile cpu_mean;
  std::vector<Stretch> stretches;
  std::uint64_t rows = 0, ticks = 0;
  std::int64_t first_time = 0, last_time = 0, low_time = 0, high_time = 0;
  std::uint64_t turns_back = 0;  // rows whose time lies before the one above
  std::int64_t step = 0;         // median step between distinct times, ns; 0: one time alone
  std::vector<LongStep> gaps;    // steps of at least one and a half times that
  // Rows that were left out, and the first of them by line (CSV) or row.
  std::uint64_t uneven = 0, first_uneven = 0;      // another number of fields
  std::uint64_t timeless = 0, first_timeless = 0;  // no time that can be read
  std::vector<std::string> left_out;               // columns of types that are not read

  bool is_long() const { return rows > ticks; }
};

// "cpu_3_utilization"
bool is_cpu_share(std::string_view name);

std::string to_bytes(const Survey& survey);
Result<Survey> survey_from(const std::string& bytes);

// Collects times of rows that follow one another: ticks, steps and gaps.
class TimeLine {
 public:
  // Of one stretch: how its distinct times follow one another.
  struct Part {
    std::int64_t first = 0, last = 0, low = 0, high = 0;
    std::uint64_t rows = 0, distinct = 0, turns_back = 0;
    std::vector<std::int64_t> steps;  // some of them, evenly
    std::vector<LongStep> longest;    // ticks from 0
  };
  static Part part_of(std::span<const std::int64_t> times);

  // Parts in the order of the file. Completes the stretch's ticks and times.
  void append(Part part, Stretch& stretch);
  // Median step and gaps, into the survey.
  void finish(Survey& survey);

 private:
  void sift(std::int64_t usual);  // leaves what is long beside it

  Part whole_;
  std::uint64_t sifted_rows_ = 0;  // how many there were when it was last sifted
};

}  // namespace tacho
