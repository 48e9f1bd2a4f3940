// SPDX-License-Identifier: Apache-2.0
// One table of a foreign file: its rows come from a confined process that is started for each
// reading.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "foreign/confined.h"
#include "foreign/plan.h"
#include "foreign/raw_file.h"
#include "foreign/table_rows.h"
#include "store/source.h"

namespace tacho {

struct SurveyedForeign {
  SurveyedForeign(std::shared_ptr<ForeignFile> of, Survey found, std::string variable, StampRule rule)
      : file(std::move(of)), survey(std::move(found)), zone(std::move(variable)), stamp(rule) {}

  std::shared_ptr<ForeignFile> file;
  Survey survey;
  std::string zone;  // what TZ must be
  StampRule stamp;

  // What the rows of a stretch of time tell. Read once for all tables.
  Result<std::shared_ptr<const Survey>> part(TimeSpan span) const;

 private:
  mutable std::mutex mutex_;
  mutable TimeSpan span_;  // of part_
  mutable std::shared_ptr<const Survey> part_;
};

// What a survey may take: a file of many gigabytes has a hundred bytes for each of its blocks.
inline constexpr std::size_t kLargestSurvey = std::size_t{256} << 20;

// In a process that is to be confined: makes TZ so, and reads the zone's file.
void use_zone(const std::string& zone);

std::shared_ptr<const TableSource> make_foreign_table(std::shared_ptr<const SurveyedForeign> file,
                                                      TablePlan plan);

}  // namespace tacho
