// SPDX-License-Identifier: Apache-2.0
#include "foreign/profiler.h"
#include "foreign/raw_file.h"

namespace tacho {
namespace {

class Part {
 public:
  Part(const Survey& whole, TimeSpan span) : span_(span) {
    for (std::size_t index = 0; index < whole.columns.size(); ++index) {
      const SurveyedColumn& column = whole.columns[index];
      result_.columns.push_back({.name = column.name, .type = column.type});
      const bool is_number = column.type_of() == Type::integer || column.type_of() == Type::real;
      if (is_number && column.profile.count > 0) request_.columns.push_back(index);
    }
    for (std::size_t index = 0; index < whole.stretches.size(); ++index) {
      const Stretch& stretch = whole.stretches[index];
      if (stretch.high_time >= span.from && stretch.low_time < span.to)
        request_.stretches.push_back(index);
    }
  }
  const RawRequest& request() const { return request_; }
  Survey& result() { return result_; }

  void add(const RawChunk& chunk) {
    removed_.assign(chunk.rows(), 0);
    times_.clear();
    for (std::size_t row = 0; row < chunk.rows(); ++row) {
      const bool is_within = chunk.times[row] >= span_.from && chunk.times[row] < span_.to;
      removed_[row] = is_within ? 0 : 1;
      if (is_within) times_.push_back(chunk.times[row]);
    }
    if (times_.empty()) return;
    profiler_.begin(times_);
    for (std::size_t index = 0; index < request_.columns.size(); ++index) {
      values_ = chunk.columns[index];
      if (times_.size() < chunk.rows()) remove_rows(values_, removed_);
      SurveyedColumn& column = result_.columns[request_.columns[index]];
      column.profile.append(profiler_.profile_of(values_));
      if (is_cpu_share(column.name)) profiler_.add_to_mean(values_);
    }
    result_.cpu_mean.append(profiler_.profile_of_mean());
    result_.rows += times_.size();
  }

 private:
  TimeSpan span_;
  RawRequest request_;
  Survey result_;
  Profiler profiler_;
  RawValues values_;
  std::vector<std::int64_t> times_;
  std::vector<std::uint8_t> removed_;
};

}  // namespace

Result<Survey> survey_part(RawFile& file, const Survey& whole, TimeSpan span) {
  Part part(whole, span);
  TRY(file.read(whole, part.request(), [&](const RawChunk& chunk) -> Result<bool> {
    part.add(chunk);
    return true;
  }));
  return std::move(part.result());
}

}  // namespace tacho
