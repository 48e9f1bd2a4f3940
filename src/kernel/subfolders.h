// SPDX-License-Identifier: Apache-2.0
// The folders in a folder, without allocating: control groups are walked over again and again.
#pragma once

#include <functional>
#include <string_view>

#include "base/error.h"

namespace tacho {

// Calls take(name) for every folder below `path` (as in openat from `folder`) but . and ..; the
// name ends with a zero byte and holds until take returns.
Result<void> each_subfolder(int folder, const char* path,
                            const std::function<void(std::string_view name)>& take);

}  // namespace tacho
