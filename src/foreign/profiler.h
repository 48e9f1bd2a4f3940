// SPDX-License-Identifier: Apache-2.0
// Profiles of the columns of one block of rows, fast where no value is missing. One thread each.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "foreign/raw.h"
#include "foreign/survey.h"

namespace tacho {

class Profiler {
 public:
  // The times of the block's rows; they must stay.
  void begin(std::span<const std::int64_t> times);
  // The same as ColumnProfile().add(values, times), but that sums of reals may differ in their last
  // digits.
  ColumnProfile profile_of(const RawValues& values);

  // Of the block's mean of several columns, row by row, of the values that are there.
  void add_to_mean(const RawValues& values);
  ColumnProfile profile_of_mean();

 private:
  std::span<const std::int64_t> times_;
  std::vector<double> per_second_;  // of the step to a row: 1 / s; 0 where time does not go on
  std::vector<double> reals_;
  std::vector<double> sums_, counts_;  // of the mean; empty: no column yet
  RawValues mean_;
};

}  // namespace tacho
