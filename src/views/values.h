// SPDX-License-Identifier: Apache-2.0
// One value as text: for people by its unit, or for machines as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/units.h"
#include "query/rows.h"

namespace tacho {

// "1.24 GiB", "12.3 s", "21:28:41.123", "0.42"; empty for null.
std::string display(const ColumnInfo& column, const ColumnView& values, std::int64_t row, Zone zone);
// "1331691520", ISO 8601 for timestamps; empty for null. Text is as stored.
std::string machine_text(const ColumnInfo& column, const ColumnView& values, std::int64_t row,
                         Zone zone);
// A double with as many digits as it needs, "." as decimal point.
std::string plain_number(double value);
// Is the column a number, to be aligned right?
bool is_number(const ColumnInfo& column);

}  // namespace tacho
