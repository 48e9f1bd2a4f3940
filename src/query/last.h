// SPDX-License-Identifier: Apache-2.0
// The end of a table without reading all of it.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "query/recording.h"

namespace tacho {

// The last `count` rows of a table, all columns. Read is what the last `count` ticks reach into (row
// groups, blocks of lines), since nearly every tick has a row; all of it only where that is not enough.
Result<Stream> last_rows_of(const Recording& recording, std::string_view table, std::int64_t count);

}  // namespace tacho
