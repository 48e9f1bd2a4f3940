// SPDX-License-Identifier: Apache-2.0
#include "collectors/cadence.h"

#include <algorithm>

#include "base/units.h"

namespace tacho {

Result<Nanoseconds> cadence_of(const CollectorInfo& info, const Settings& settings) {
  const auto option = std::ranges::find(info.options, "interval", &Option::name);
  if (option == info.options.end()) return info.cadence;
  auto duration = parse_duration(settings.get(info.name(), "interval", option->default_value));
  if (!duration)
    return Error{ErrorCode::invalid,
                 std::string(info.name()) + ".interval: " + duration.error().text};
  if (*duration <= Nanoseconds::zero())
    return Error{ErrorCode::invalid, std::string(info.name()) +
                                         ".interval must be longer than nothing, for example 10s"};
  return *duration;
}

}  // namespace tacho
