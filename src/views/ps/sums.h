// SPDX-License-Identifier: Apache-2.0
// tacho ps --by: what all processes of a span used, living and ended, summed by what they have in common.
#pragma once

#include <string_view>

#include "views/ps/exited.h"

namespace tacho {

enum class SumBy : std::uint8_t { command, job, container, unit, user };
// `invalid` and what there is for another word.
Result<SumBy> parse_sum_by(std::string_view text);

// `counts_before`: what the processes used before the recording began counts too.
// False when there is no process.
Result<bool> show_sums(const Recording& recording, SumBy by, bool counts_before,
                       const LedgerOptions& options, Output& output);

}  // namespace tacho
