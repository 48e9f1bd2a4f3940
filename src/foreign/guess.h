// SPDX-License-Identifier: Apache-2.0
// Kind and unit of a column of which only its name and its values are known. Values are never
// changed by a guess: "used_mb" keeps its numbers and its name, with the unit {MB}.
#pragma once

#include <string>
#include <string_view>

#include "foreign/plan.h"

namespace tacho {

// By the last words of a name: "_bytes" is By, "_mb" is {MB}, "_percent" is %, "_ms" is ms, ...
std::string unit_by_name(std::string_view name);
// True when a column only rises and its name fits a counter: "_total", or whole numbers with a name
// that is no gauge's ("memory", "used", "percent", ...).
bool is_counter(const SurveyedColumn& column);
// As the file says itself, where it does (tacho's own exports), else by these.
PlannedColumn guessed_column(const Survey& survey, std::size_t index);
bool is_stamp_name(std::string_view name);

}  // namespace tacho
