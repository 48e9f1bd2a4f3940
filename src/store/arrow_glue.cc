// SPDX-License-Identifier: Apache-2.0
#include "store/arrow_glue.h"

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
  // The message may quote bytes of the file, and may run over many lines.
  std::string message = status.message().substr(0, 300);
  message = escaped(message.substr(0, message.find('\n')));
  return Error{code, what + ": " + message};
}

}  // namespace tacho
