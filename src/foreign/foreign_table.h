// SPDX-License-Identifier: Apache-2.0
// One table of a foreign file: its rows come from a confined process that is started for each
// reading.
#pragma once

#include <memory>
#include <string>

#include "foreign/confined.h"
#include "foreign/plan.h"
#include "foreign/raw_file.h"
#include "foreign/table_rows.h"
#include "store/source.h"

namespace tacho {

struct SurveyedForeign {
  std::shared_ptr<ForeignFile> file;
  Survey survey;
  std::string zone;  // what TZ must be
  StampRule stamp;
};

// In a process that is to be confined: makes TZ so, and reads the zone's file.
void use_zone(const std::string& zone);

std::shared_ptr<const TableSource> make_foreign_table(std::shared_ptr<const SurveyedForeign> file,
                                                      TablePlan plan);

}  // namespace tacho
