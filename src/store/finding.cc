// SPDX-License-Identifier: Apache-2.0
#include "store/finding.h"

#include <algorithm>

#include "base/units.h"

namespace tacho {

std::string to_line(const Finding& finding) {
  std::string line = finding.table;
  if (!finding.file.empty()) line += (line.empty() ? "" : "/") + finding.file;
  if (!line.empty()) line += ": ";
  line += finding.what;
  std::string lost;
  const auto add = [&](const std::string& part) { lost += (lost.empty() ? "" : ", ") + part; };
  if (finding.bytes > 0) add(std::to_string(finding.bytes) + " bytes");
  if (finding.rows) add(std::to_string(*finding.rows) + " rows lost");
  if (finding.span) add(format_duration(*finding.span));
  return lost.empty() ? line : line + " (" + lost + ")";
}

void FindingLog::add(Finding finding) {
  const std::lock_guard lock(mutex_);
  const bool known = std::ranges::any_of(findings_, [&](const Finding& other) {
    return other.table == finding.table && other.file == finding.file && other.what == finding.what;
  });
  if (!known) findings_.push_back(std::move(finding));
}

std::vector<Finding> FindingLog::all() const {
  const std::lock_guard lock(mutex_);
  return findings_;
}

}  // namespace tacho
