// SPDX-License-Identifier: Apache-2.0
#include "store/arrow_glue.h"

#include <algorithm>

#include "base/text.h"

namespace tacho {

arrow::MemoryPool* reading_pool() {
  static arrow::CappedMemoryPool pool(arrow::system_memory_pool(), kReadingMemory);
  return &pool;
}

Error from_arrow(const arrow::Status& status, const std::string& what) {
  ErrorCode code = ErrorCode::corrupt;
  if (status.IsOutOfMemory()) code = ErrorCode::exhausted;
  if (status.IsIOError() && status.message().find("Corrupt") == std::string::npos)
    code = status.message().find("errno") == std::string::npos ? ErrorCode::corrupt : ErrorCode::io;
  return Error{code, what + ": " + one_line(status.message())};
}

std::string one_line(std::string_view message) {
  // Long enough to say what is wrong; the rest is a stack of calls.
  constexpr std::size_t kLongest = 300;
  return escaped(message.substr(0, std::min(message.find('\n'), kLongest)));
}

}  // namespace tacho
