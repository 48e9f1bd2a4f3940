// SPDX-License-Identifier: Apache-2.0
#include "foreign/survey.h"

#include <algorithm>
#include <bit>
#include <initializer_list>
#include <nlohmann/json.hpp>

#include "foreign/times.h"

namespace tacho {
namespace {

// Of each stretch, steps that count for the median: enough that a file of one stretch is exact to a
// few rows, and few enough for files of many thousands.
constexpr std::size_t kStepsOfPart = 256;
constexpr std::size_t kMostSteps = std::size_t{1} << 20;
// A recorder that is late by less than half an interval has not left one out.
constexpr double kLongStep = 1.5;
// More gaps than anybody reads; a file of noise must not fill memory.
constexpr std::size_t kMostGaps = 10'000;
// Of a stretch with fewer steps most may be long: they are kept until all have been seen.
constexpr std::size_t kFewSteps = 16;

// The value below which a 1/`part` of all lie.
std::int64_t quantile(std::vector<std::int64_t> values, std::size_t part) {
  if (values.empty()) return 0;
  const auto place = values.begin() + static_cast<std::ptrdiff_t>(values.size() / part);
  std::nth_element(values.begin(), place, values.end());
  return *place;
}

bool is_long(std::int64_t step, std::int64_t usual) {
  return usual > 0 && static_cast<double>(step) >= kLongStep * static_cast<double>(usual);
}

// No branch depends on whether a value rises or falls: in noise half of them would be guessed
// wrongly.
template <class Read>
void add_all(ColumnProfile& profile, const RawValues& values, std::span<const std::int64_t> times,
             const Read& read) {
  ColumnProfile sum = profile;
  std::size_t row = 0;
  for (; sum.count == 0 && row < times.size(); ++row) {
    if (values.present[row] == 0) continue;
    sum.count = 1;
    sum.first = sum.last = sum.low = sum.high = sum.sum = read(values.words[row]);
    sum.first_time = sum.last_time = sum.low_time = sum.high_time = times[row];
  }
  for (; row < times.size(); ++row) {
    if (values.present[row] == 0) continue;
    const double value = read(values.words[row]), step = value - sum.last;
    const std::int64_t time = times[row];
    if (value < sum.low) sum.low = value, sum.low_time = time;
    if (value > sum.high) sum.high = value, sum.high_time = time;
    sum.sum += value;
    ++sum.count;
    sum.ups += step > 0 ? 1 : 0;
    sum.downs += step < 0 ? 1 : 0;
    sum.grown += std::max(step, 0.0);
    // steepest is per nanosecond here: one division less where a step is no record.
    const auto span = static_cast<double>(time - sum.last_time);
    if (step > sum.steepest * span && span > 0) {
      sum.steepest = step / span;
      sum.steepest_time = time;
    }
    sum.last = value;
    sum.last_time = time;
  }
  profile = sum;
}

bool are_times(std::initializer_list<std::int64_t> times) {
  return std::ranges::all_of(times, is_time);
}

// What no reading of a file gives. Who asked for it computes with these.
bool is_possible(const Survey& survey) {
  const auto is_column = [](const SurveyedColumn& column) {
    const ColumnProfile& profile = column.profile;
    return column.type >= 0 && column.type <= static_cast<int>(Type::timestamp) &&
           are_times({profile.low_time, profile.high_time, profile.first_time, profile.last_time,
                      profile.steepest_time});
  };
  const auto is_stretch = [](const Stretch& stretch) {
    return are_times({stretch.low_time, stretch.high_time}) && stretch.low_time <= stretch.high_time;
  };
  const auto is_gap = [&survey](const LongStep& gap) {
    return survey.step > 0 && are_times({gap.after, gap.before}) && gap.after < gap.before;
  };
  return are_times({survey.first_time, survey.last_time, survey.low_time, survey.high_time}) &&
         survey.low_time <= survey.high_time && survey.step >= 0 &&
         std::ranges::all_of(survey.columns, is_column) &&
         std::ranges::all_of(survey.stretches, is_stretch) &&
         std::ranges::all_of(survey.gaps, is_gap);
}

}  // namespace

void ColumnProfile::add(const RawValues& values, std::span<const std::int64_t> times) {
  steepest /= 1e9;
  if (values.type == Type::integer)
    add_all(*this, values, times, [](std::uint64_t word) {
      return static_cast<double>(static_cast<std::int64_t>(word));
    });
  else if (values.type == Type::real)
    add_all(*this, values, times, [](std::uint64_t word) { return std::bit_cast<double>(word); });
  else
    count += static_cast<std::uint64_t>(std::ranges::count(values.present, 1));
  steepest *= 1e9;
}

void ColumnProfile::step(double from, std::int64_t from_time, double to, std::int64_t to_time) {
  if (to < from) ++downs;
  if (!(to > from)) return;
  ++ups;
  grown += to - from;
  const double rate =
      to_time > from_time ? (to - from) * 1e9 / static_cast<double>(to_time - from_time) : 0;
  if (rate > steepest) steepest = rate, steepest_time = to_time;
}

void ColumnProfile::append(const ColumnProfile& next) {
  if (next.count == 0) return;
  if (count == 0) {
    *this = next;
    return;
  }
  step(last, last_time, next.first, next.first_time);
  if (next.low < low) low = next.low, low_time = next.low_time;
  if (next.high > high) high = next.high, high_time = next.high_time;
  if (next.steepest > steepest) steepest = next.steepest, steepest_time = next.steepest_time;
  count += next.count;
  sum += next.sum;
  ups += next.ups;
  downs += next.downs;
  grown += next.grown;
  last = next.last;
  last_time = next.last_time;
}

TimeLine::Part TimeLine::part_of(std::span<const std::int64_t> times) {
  Part part;
  if (times.empty()) return part;
  part.rows = times.size();
  part.distinct = 1;
  part.first = part.low = part.high = times.front();
  part.last = times.back();
  std::vector<LongStep> steps;
  steps.reserve(times.size());
  for (std::size_t row = 1; row < times.size(); ++row) {
    const std::int64_t time = times[row], before = times[row - 1];
    if (time == before) continue;
    if (time > before)
      steps.push_back({part.distinct - 1, before, time});
    else
      ++part.turns_back;
    ++part.distinct;
    part.low = std::min(part.low, time);
    part.high = std::max(part.high, time);
  }
  const std::size_t every = steps.size() / kStepsOfPart + 1;
  for (std::size_t at = 0; at < steps.size(); at += every)
    part.steps.push_back(steps[at].before - steps[at].after);
  // What is long at last is known when all have been seen.
  const std::int64_t usual = steps.size() < kFewSteps ? 0 : quantile(part.steps, 4);
  for (const LongStep& step : steps)
    if (part.longest.size() < kMostGaps && (usual == 0 || is_long(step.before - step.after, usual)))
      part.longest.push_back(step);
  return part;
}

void TimeLine::append(Part part, Stretch& stretch) {
  if (part.rows == 0) return;
  std::uint64_t first_tick = 0;
  if (whole_.rows == 0) {
    whole_.first = part.first;
    whole_.low = part.low;
    whole_.high = part.high;
  } else {
    const std::int64_t step = part.first - whole_.last;
    first_tick = whole_.distinct - (step == 0 ? 1 : 0);
    if (step < 0) ++whole_.turns_back;
    // Whether it is long is known at the end.
    if (step > 0 && whole_.longest.size() < kMostGaps)
      whole_.longest.push_back({whole_.distinct - 1, whole_.last, part.first});
    if (step > 0) part.steps.push_back(step);
  }
  for (LongStep& step : part.longest) step.tick += first_tick;
  // Now and then, so that steps of small stretches leave room for gaps.
  if (whole_.longest.size() >= kMostGaps && whole_.rows >= 2 * sifted_rows_) sift(quantile(whole_.steps, 4));
  const std::size_t room = kMostGaps - std::min(kMostGaps, whole_.longest.size());
  whole_.longest.insert(
      whole_.longest.end(), part.longest.begin(),
      part.longest.begin() + static_cast<std::ptrdiff_t>(std::min(room, part.longest.size())));
  if (whole_.steps.size() < kMostSteps)
    whole_.steps.insert(whole_.steps.end(), part.steps.begin(), part.steps.end());
  whole_.rows += part.rows;
  whole_.distinct = first_tick + part.distinct;
  whole_.turns_back += part.turns_back;
  whole_.last = part.last;
  whole_.low = std::min(whole_.low, part.low);
  whole_.high = std::max(whole_.high, part.high);
  stretch.first_tick = first_tick;
  stretch.last_tick = whole_.distinct - 1;
  stretch.low_time = part.low;
  stretch.high_time = part.high;
}

void TimeLine::sift(std::int64_t usual) {
  sifted_rows_ = whole_.rows;
  std::erase_if(whole_.longest,
                [usual](const LongStep& step) { return !is_long(step.before - step.after, usual); });
}

void TimeLine::finish(Survey& survey) {
  survey.rows = whole_.rows;
  survey.ticks = whole_.distinct;
  survey.first_time = whole_.first;
  survey.last_time = whole_.last;
  survey.low_time = whole_.low;
  survey.high_time = whole_.high;
  survey.turns_back = whole_.turns_back;
  survey.step = quantile(std::move(whole_.steps), 2);
  sift(survey.step);
  survey.gaps = std::move(whole_.longest);
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ColumnProfile, count, low, high, sum, first, last, low_time,
                                   high_time, first_time, last_time, ups, downs, grown, steepest,
                                   steepest_time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SurveyedColumn, name, type, kind, unit, help, profile)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Stretch, offset, size, first_tick, last_tick, low_time,
                                   high_time)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LongStep, tick, after, before)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Survey, format, separator, time_name, time_form, is_naive,
                                   is_utc, zone, columns, cpu_mean, stretches, rows, ticks, first_time,
                                   last_time, low_time, high_time, turns_back, step, gaps, uneven,
                                   first_uneven, timeless, first_timeless, left_out)

bool is_cpu_share(std::string_view name) {
  constexpr std::string_view kPrefix = "cpu_", kEnding = "_utilization";
  if (!name.starts_with(kPrefix) || !name.ends_with(kEnding)) return false;
  if (name.size() <= kPrefix.size() + kEnding.size()) return false;
  name.remove_prefix(kPrefix.size());
  name.remove_suffix(kEnding.size());
  return std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

std::string to_bytes(const Survey& survey) {
  std::string bytes;
  nlohmann::json::to_cbor(nlohmann::json(survey), bytes);
  return bytes;
}

Result<Survey> survey_from(const std::string& bytes) {
  try {
    // It throws all the same where an array says that it is larger than any can be.
    const auto json = nlohmann::json::from_cbor(bytes, true, false);
    if (json.is_discarded())
      return Error{ErrorCode::corrupt, "what was found in the file cannot be read"};
    auto survey = json.get<Survey>();
    if (!is_possible(survey))
      return Error{ErrorCode::corrupt, "what was found in the file contradicts itself"};
    return survey;
  } catch (const nlohmann::json::exception& error) {
    return Error{ErrorCode::corrupt,
                 std::string("what was found in the file cannot be read: ") + error.what()};
  }
}

}  // namespace tacho
