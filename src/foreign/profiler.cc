// SPDX-License-Identifier: Apache-2.0
#include "foreign/profiler.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "foreign/wide_registers.h"

namespace tacho {
namespace {

// Four rows side by side; a processor without such registers takes two.
using Four [[gnu::vector_size(32)]] = double;
using FourCounts [[gnu::vector_size(32)]] = std::int64_t;
constexpr std::size_t kLanes = 4;

struct Sums {
  double low = 0, high = 0, sum = 0, grown = 0, steepest = 0;
  std::int64_t ups = 0, downs = 0;
  std::int64_t low_at = 0, high_at = 0, steepest_at = 0;  // rows

  // The first row of those that are equal.
  void see_low(double value, std::int64_t row) {
    if (value < low || (value == low && row < low_at)) low = value, low_at = row;
  }
  void see_high(double value, std::int64_t row) {
    if (value > high || (value == high && row < high_at)) high = value, high_at = row;
  }
  void see_steep(double rate, std::int64_t row) {
    if (rate > steepest || (rate == steepest && row < steepest_at)) steepest = rate, steepest_at = row;
  }
};

[[gnu::always_inline]] inline void load(Four& four, const double* from) {
  std::memcpy(&four, from, sizeof four);
}

// Of values[0] to values[rows - 1]; values[0] is no step.
[[gnu::always_inline]] inline void sum_up(const double* values, const double* per_second,
                                          std::size_t rows, Sums& sums) {
  const double first = values[0];
  Four low = {first, first, first, first}, high = low, sum = {first}, grown = {}, steepest = {};
  FourCounts ups = {}, downs = {}, low_at = {}, high_at = {}, steepest_at = {}, at = {1, 2, 3, 4};
  std::size_t row = 1;
  for (; row + kLanes <= rows; row += kLanes) {
    Four value, before, inverse;
    load(value, values + row);
    load(before, values + row - 1);
    load(inverse, per_second + row);
    const Four step = value - before, rise = step > 0 ? step : Four{}, rate = rise * inverse;
    const FourCounts is_low = value < low, is_high = value > high, is_steep = rate > steepest;
    low = is_low ? value : low;
    high = is_high ? value : high;
    steepest = is_steep ? rate : steepest;
    low_at = is_low ? at : low_at;
    high_at = is_high ? at : high_at;
    steepest_at = is_steep ? at : steepest_at;
    sum += value;
    grown += rise;
    ups -= step > 0;
    downs -= step < 0;
    at += kLanes;
  }
  sums = {.low = first, .high = first};
  for (std::size_t lane = 0; lane < kLanes; ++lane) {
    sums.see_low(low[lane], low_at[lane]);
    sums.see_high(high[lane], high_at[lane]);
    sums.see_steep(steepest[lane], steepest_at[lane]);
    sums.sum += sum[lane];
    sums.grown += grown[lane];
    sums.ups += ups[lane];
    sums.downs += downs[lane];
  }
  for (; row < rows; ++row) {
    const double step = values[row] - values[row - 1];
    sums.see_low(values[row], static_cast<std::int64_t>(row));
    sums.see_high(values[row], static_cast<std::int64_t>(row));
    sums.see_steep(std::max(step, 0.0) * per_second[row], static_cast<std::int64_t>(row));
    sums.sum += values[row];
    sums.grown += std::max(step, 0.0);
    sums.ups += step > 0 ? 1 : 0;
    sums.downs += step < 0 ? 1 : 0;
  }
}

void sum_up_plain(const double* values, const double* per_second, std::size_t rows, Sums& sums) {
  sum_up(values, per_second, rows, sums);
}
TACHO_WIDE_REGISTERS void sum_up_wide(const double* values, const double* per_second,
                                      std::size_t rows, Sums& sums) {
  sum_up(values, per_second, rows, sums);
}

}  // namespace

void Profiler::begin(std::span<const std::int64_t> times) {
  times_ = times;
  per_second_.assign(times.size(), 0);
  for (std::size_t row = 1; row < times.size(); ++row)
    if (times[row] > times[row - 1])
      per_second_[row] = 1e9 / static_cast<double>(times[row] - times[row - 1]);
  sums_.clear();
  counts_.clear();
}

void Profiler::add_to_mean(const RawValues& values) {
  sums_.resize(times_.size());
  counts_.resize(times_.size());
  for (std::size_t row = 0; row < times_.size(); ++row) {
    if (values.present[row] == 0) continue;
    sums_[row] += values.type == Type::real
                      ? std::bit_cast<double>(values.words[row])
                      : static_cast<double>(static_cast<std::int64_t>(values.words[row]));
    counts_[row] += 1;
  }
}

ColumnProfile Profiler::profile_of_mean() {
  if (sums_.empty()) return {};
  mean_.begin(Type::real, times_.size());
  for (std::size_t row = 0; row < times_.size(); ++row) {
    if (counts_[row] == 0) continue;
    mean_.words[row] = std::bit_cast<std::uint64_t>(sums_[row] / counts_[row]);
    mean_.present[row] = 1;
  }
  return profile_of(mean_);
}

ColumnProfile Profiler::profile_of(const RawValues& values) {
  ColumnProfile profile;
  const std::size_t rows = times_.size();
  const bool is_number = values.type == Type::integer || values.type == Type::real;
  if (rows == 0 || !is_number || std::memchr(values.present.data(), 0, rows) != nullptr) {
    profile.add(values, times_);
    return profile;
  }
  reals_.resize(rows);
  if (values.type == Type::real)
    std::memcpy(reals_.data(), values.words.data(), rows * sizeof(double));
  else
    std::ranges::transform(values.words, reals_.begin(), [](std::uint64_t word) {
      return static_cast<double>(static_cast<std::int64_t>(word));
    });
  Sums sums;
  (has_wide_registers() ? sum_up_wide : sum_up_plain)(reals_.data(), per_second_.data(), rows, sums);
  profile.count = rows;
  profile.low = sums.low;
  profile.high = sums.high;
  profile.sum = sums.sum;
  profile.first = reals_.front();
  profile.last = reals_.back();
  profile.low_time = times_[static_cast<std::size_t>(sums.low_at)];
  profile.high_time = times_[static_cast<std::size_t>(sums.high_at)];
  profile.first_time = times_.front();
  profile.last_time = times_.back();
  profile.ups = static_cast<std::uint64_t>(sums.ups);
  profile.downs = static_cast<std::uint64_t>(sums.downs);
  profile.grown = sums.grown;
  profile.steepest = sums.steepest;
  if (sums.steepest > 0) profile.steepest_time = times_[static_cast<std::size_t>(sums.steepest_at)];
  return profile;
}

}  // namespace tacho
