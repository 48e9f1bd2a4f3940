// SPDX-License-Identifier: Apache-2.0
// The state of all processes at every tick, filled forward: `process` has a row only when something
// changed, `process_info` says once what does not, `process_exit` ends it. Source of the rule:
// docs/RECORDING.md, "Process rows".
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "query/recording.h"

namespace tacho {

// A row for each living process at each tick of `range`, by tick, then process number: all columns
// of `process`, then those of `process_info` that it has not. tick, time and boottime are the
// tick's. A process whose rows ended without an exit row (damage) is dropped after two turns of its
// key rows. In a file of another program (Recording::is_filled) a process without a row has ended.
Result<Stream> processes(const Recording& recording, const Range& range = {});

// The same at one instant: the last tick whose boottime (time) is not after `at`. `invalid` when
// the recording has no tick before it.
Result<Batch> processes_at(const Recording& recording, Nanoseconds at,
                           Range::Axis axis = Range::Axis::time);

}  // namespace tacho
