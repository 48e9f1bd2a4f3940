// SPDX-License-Identifier: Apache-2.0
// Batches through a pipe, as an Arrow stream: from a confined process to the one that asked.
#pragma once

#include <functional>
#include <memory>

#include "base/error.h"
#include "store/batch.h"

namespace tacho {

// Writes all batches that `make` sends; `send` is false when nobody reads any more.
using Send = std::function<Result<bool>(const Batch& batch)>;
Result<void> write_batches(int descriptor, const Schema& schema,
                           const std::function<Result<void>(const Send&)>& make);

// The other end. What comes is untrusted: a batch is taken only when it has the expected schema and
// is sound within.
class BatchPipe {
 public:
  BatchPipe(int descriptor, Schema schema);
  ~BatchPipe();
  Result<Batch> next();  // null at the end

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tacho
