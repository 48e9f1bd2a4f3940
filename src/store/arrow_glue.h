// SPDX-License-Identifier: Apache-2.0
// For the .cc files of store/ and query/ alone: Arrow's errors as ours, and the memory that reading
// may use. The one header here that includes Arrow's.
#pragma once

#include <arrow/array.h>
#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/status.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <exception>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace tacho {

// Sizes in a file are hostile: whatever they say, reading one gets no more than this, so that the process
// stays below 512 MiB. A row group of ours needs about 50 MiB, some of it twice.
inline constexpr std::int64_t kReadingMemory = std::int64_t{320} << 20;
arrow::MemoryPool* reading_pool();

Error from_arrow(const arrow::Status& status, const std::string& what);
// The beginning of a message, in one line: it may quote bytes of the file, and run over many lines.
std::string one_line(std::string_view message);

inline Result<void> checked(const arrow::Status& status, const std::string& what) {
  if (!status.ok()) return from_arrow(status, what);
  return {};
}
template <class T>
Result<T> checked(arrow::Result<T> result, const std::string& what) {
  if (!result.ok()) return from_arrow(result.status(), what);
  return std::move(result).ValueUnsafe();
}

// Calls what may throw (Parquet does); an exception becomes an Error about `what`.
template <class Call>
auto guarded(const std::string& what, Call call) -> decltype(call()) {
  try {
    return call();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::exhausted, "no memory to read " + what};
  } catch (const std::exception& exception) {
    return Error{ErrorCode::corrupt, what + " is damaged: " + one_line(exception.what())};
  }
}

}  // namespace tacho
