// SPDX-License-Identifier: Apache-2.0
// What the confined process does with a file of another program, without the process.
#pragma once

#include <string_view>

namespace tacho::fuzz {

// Surveys it, then reads all of it into the tables that any of the known kinds of files makes of it.
void read_foreign(std::string_view bytes);

}  // namespace tacho::fuzz
