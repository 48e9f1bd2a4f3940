// SPDX-License-Identifier: Apache-2.0
// Processes at an instant as a plain list, sorted.
#pragma once

#include <string_view>
#include <vector>

#include "base/units.h"
#include "views/process_tree.h"
#include "views/ps/listing.h"

namespace tacho {

// Puts the processes into an order; `invalid` for one that there is not. An empty one changes nothing.
Result<void> sort_processes(const ProcessTree& tree, std::vector<std::size_t>& processes,
                            std::string_view sort, bool reverse);
// `sort` as sort_processes took it: what is sorted by is shown.
void print_processes(const ProcessTree& tree, const std::vector<std::size_t>& processes,
                     std::string_view sort, Zone zone, Output& output);

}  // namespace tacho
