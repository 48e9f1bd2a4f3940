// SPDX-License-Identifier: Apache-2.0
// For the .cc files of store/ and query/ alone: work on the columns of a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "journal/format.h"
#include "store/arrow_glue.h"
#include "store/batch.h"

namespace tacho {

// uint64, int64, float64, utf8 and timestamp[ns]: all that tacho writes.
bool is_known_type(const arrow::DataType& type);

// The schema without the columns whose types are not known; their names go to `left_out`. `corrupt`
// when tick, time or boottime is missing or is of another type.
Result<Schema> known_columns(const Schema& schema, std::vector<std::string>& left_out);

// The rows with these indices, in their order. All columns must be of known types.
Result<Batch> take_rows(const arrow::RecordBatch& batch, const std::vector<std::int32_t>& rows);

// The 64-bit values of a column of fixed width (null slots hold anything); null for text.
const std::uint64_t* words_of(const arrow::Array& array);

// Sorts `rows` (indices into `batch`) by tick, those of a tick staying in their order.
void sort_by_tick(const arrow::RecordBatch& batch, std::vector<std::int32_t>& rows);
// All rows by (key columns, tick), as they lie in a part: nulls first, text by bytes.
std::vector<std::int32_t> order_by_entity(const arrow::RecordBatch& batch);

// Names of the columns that say which entity a row is about: kind `key`, without the stamp.
std::vector<std::string> entity_columns(const arrow::Schema& schema);

// The columns of `schema` by name, in its order; one that the batch lacks is null in every row.
// `corrupt` when a type differs.
Result<Batch> project(const Batch& batch, const Schema& schema);

// A number for all values of all rows, whatever their order: two batches that differ in a value, a
// null, a column's name or type, or in how often a row is there, differ in it. Sums of parts may be
// added.
std::uint64_t digest_of_rows(const arrow::RecordBatch& batch);

// Metadata of a field or schema, "" where there is none.
std::string metadata_of(const std::shared_ptr<const arrow::KeyValueMetadata>& metadata,
                        std::string_view key);

}  // namespace tacho
