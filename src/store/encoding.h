// SPDX-License-Identifier: Apache-2.0
// For part_writer.cc alone: how each column of a part is encoded. Which way is smallest depends on
// the values: random nanoseconds split into bytes, clock ticks repeat, numbers of rows count up. So
// it is tried.
#pragma once

#include <memory>
#include <vector>

#include "base/error.h"
#include "store/arrow_glue.h"

namespace parquet {
class WriterProperties;
}

namespace tacho {

enum class ColumnEncoding : std::uint8_t {
  byte_stream_split,  // the high bytes of numbers hardly differ
  delta,              // DELTA_BINARY_PACKED: steps that are alike
  dictionary          // few values: text, clocks (one value a tick), counters in steps of 10 ms
};

// The smallest for each column of `sample`, a row group in the order in which it is written.
// Without rows: byte_stream_split, and dictionary for text.
Result<std::vector<ColumnEncoding>> choose_encodings(const arrow::RecordBatch& sample, int level);

// zstd with frame checksums, page checksums, statistics, and these encodings.
std::shared_ptr<parquet::WriterProperties> part_properties(
    const arrow::Schema& schema, const std::vector<ColumnEncoding>& encodings, int level);

}  // namespace tacho
