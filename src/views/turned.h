// SPDX-License-Identifier: Apache-2.0
// Rows with more columns than a line holds.
#pragma once

#include <string>
#include <vector>

#include "views/output.h"

namespace tacho {

// The rows turned: a line for each title, the rows side by side, as many as the width holds, then
// the next ones below. One row alone: its titles and values in as many columns as there is room for.
// Titles without any value are left out. False when the reader went away.
bool print_turned(const std::vector<std::string>& titles,
                  const std::vector<std::vector<std::string>>& rows, Output& output,
                  std::string_view indent = "");

}  // namespace tacho
