// SPDX-License-Identifier: Apache-2.0
// The wide file's lines of CSV (RFC 4180): "." as decimal point, null is empty, text that a
// spreadsheet would take for a formula has an apostrophe before it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "wide/row.h"

namespace tacho::csv_lines {

// "2026-11-21 11:31:29.623821", of UTC with "+00:00" behind it. `time` as time_in_wide_file has it.
std::string time_text(std::int64_t time, bool is_utc);
// The time that time_text wrote; nothing for any other text.
std::optional<std::int64_t> parse_time_text(std::string_view text, bool is_utc);

// With the newline. The first column is the time; `cells` has one for each column, null for none.
void append_header(std::string& out, std::span<const WideColumn> columns);
void append_row(std::string& out, std::int64_t time, bool is_utc,
                std::span<const WideColumn> columns, std::span<const WideCell* const> cells,
                const WideRow& row);
// A value as it stands in a line, unquoted; also a number of JSON.
std::string value_text(const WideColumn& column, const WideCell& cell, const WideRow& row);

// The fields of one line without its newline.
std::vector<std::string> fields_of(std::string_view line);

}  // namespace tacho::csv_lines
