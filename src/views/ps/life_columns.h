// SPDX-License-Identifier: Apache-2.0
// The columns of a list of processes that lived: when, how they ended, what they used, who they were.
#pragma once

#include <vector>

#include "views/ps/listing.h"
#include "views/ps/lives.h"

namespace tacho {

using LifeColumn = ListColumn<ProcessLife>;

// pid, start, end, lived, how, cpu, memory, read, write, user, job, container, unit, command, arguments.
std::vector<LifeColumn> life_columns(const Moments& moments);

}  // namespace tacho
