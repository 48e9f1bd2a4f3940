// SPDX-License-Identifier: Apache-2.0
// tacho ps --diff: what differs between two instants: who was born, who ended, who grew and who worked.
#pragma once

#include "views/ps/exited.h"

namespace tacho {

// From `first` to `second` (ns since 1970), each the last tick not after it. Of `options` the span is not
// used. False when nothing differs. `invalid` where the recording has no state of `first`.
Result<bool> show_differences(const Recording& recording, std::int64_t first, std::int64_t second,
                              const LedgerOptions& options, Output& output);

}  // namespace tacho
