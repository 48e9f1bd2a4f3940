// SPDX-License-Identifier: Apache-2.0
#include "collectors/collector.h"

namespace tacho {

Result<void> Settings::set(std::string_view assignment) {
  const std::size_t equals = assignment.find('=');
  const std::size_t dot = assignment.find('.');
  if (equals == std::string_view::npos || dot == std::string_view::npos || dot > equals || dot == 0)
    return Error{ErrorCode::invalid, "a setting is table.option=value, for example "
                                     "filesystem.interval=30s; got: " + std::string(assignment)};
  values_[std::string(assignment.substr(0, equals))] = assignment.substr(equals + 1);
  return {};
}

std::string_view Settings::get(std::string_view table, std::string_view option,
                               std::string_view fallback) const {
  const auto found = values_.find(std::string(table) + "." + std::string(option));
  return found == values_.end() ? fallback : std::string_view(found->second);
}

void Collection::restamp() {
  const Instant now = clock_.now();
  for (Rows& rows : tables_)
    rows.restamp({.tick = rows.stamp().tick,
                  .time = now.time.count(),
                  .boottime = now.boottime.count()});
}

}  // namespace tacho
