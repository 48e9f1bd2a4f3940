// SPDX-License-Identifier: Apache-2.0
// Many small kernel files, one buffer: what a KernelFile for each would cost in memory, hundreds of
// sensors and control groups cannot pay.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace tacho {

class RereadBuffer {
 public:
  // The text of an open file from its start, valid until the next call. For files that the kernel
  // hands out in one piece (sysfs, control groups, sysctl): a short read is the end.
  Result<std::string_view> read(int descriptor);
  // The same for a file that is opened, read and closed. `folder` is as in openat.
  Result<std::string_view> read_at(int folder, const char* name);

 private:
  std::string bytes_;
};

}  // namespace tacho
