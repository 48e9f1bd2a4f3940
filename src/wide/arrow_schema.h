// SPDX-License-Identifier: Apache-2.0
// What Parquet itself has no place for: units and meanings of columns, as Arrow's readers find
// them.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wide/row.h"

namespace tacho {

// The key of the file's metadata that Arrow's readers look for.
inline constexpr const char* kArrowSchema = "ARROW:schema";

using Facts = std::vector<std::pair<std::string, std::string>>;
// The schema message of Arrow IPC in base64: names, types, `unit` and `description` of each column,
// and the facts of the file: these readers look for them here alone.
Result<std::string> arrow_schema_text(std::span<const WideColumn> columns, bool is_utc,
                                      const Facts& facts);

// The same for fastparquet, which takes the zone of a time from what pandas notes in a file.
inline constexpr const char* kPandas = "pandas";
std::string pandas_text(const std::string& time_column);

}  // namespace tacho
