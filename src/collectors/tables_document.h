// SPDX-License-Identifier: Apache-2.0
// docs/TABLES.md, made from the collectors' declarations: a column is described in one place.
#pragma once

#include <string>

namespace tacho {

// The whole document, in Markdown.
std::string tables_markdown();

}  // namespace tacho
