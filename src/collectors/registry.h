// SPDX-License-Identifier: Apache-2.0
// All collectors and tables.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "collectors/collector.h"

namespace tacho {

// In the order of collectors.def.
std::span<const CollectorInfo* const> all_collectors();
std::vector<const Table*> all_tables();

// An error, with the right names, for a setting whose table or option does not exist.
Result<void> check_settings(const Settings& settings);

// The collectors that --only and --without leave (comma-separated names of tables; empty: all).
// `system`, `event` and `self` always stay: without them a recording cannot be read. A name that
// does not exist is an error that lists those that do.
Result<std::vector<const CollectorInfo*>> select_collectors(std::string_view only,
                                                            std::string_view without);

}  // namespace tacho
