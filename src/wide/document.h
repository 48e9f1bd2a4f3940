// SPDX-License-Identifier: Apache-2.0
// docs/WIDE.md, from the lines of the mapping.
#pragma once

#include <string>

namespace tacho {

std::string wide_markdown();

}  // namespace tacho
