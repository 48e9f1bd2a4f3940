// SPDX-License-Identifier: Apache-2.0
// Recordings as rows, for `tacho list --where`.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "journal/recordings.h"

namespace tacho {

// One byte for each recording: 1 where `where` (query/predicate.h) is true of it. Columns: id, name (of
// the series), path, command, host, user, start, end, length, size, exit_code, signal, and label.KEY for
// every key. What is not known is null; all is, of one that cannot be read. `now` is for times without a
// date. `invalid` as Predicate.
Result<std::vector<std::uint8_t>> matching(const std::vector<ListedRecording>& recordings,
                                           std::string_view where, Nanoseconds now);

}  // namespace tacho
