// SPDX-License-Identifier: Apache-2.0
// For views/ps/*.cc alone: values that can be unknown, as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/units.h"

namespace tacho {

inline nlohmann::ordered_json number_json(std::optional<std::int64_t> number) {
  return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
}
inline std::string moment_json(std::int64_t time, Zone zone) {
  return "\"" + format_time(Nanoseconds(time), zone, 9) + "\"";
}

}  // namespace tacho
