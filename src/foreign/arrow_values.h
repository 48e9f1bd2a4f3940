// SPDX-License-Identifier: Apache-2.0
// For parquet_file.cc alone: Arrow's types as ours.
#pragma once

#include <optional>

#include "base/error.h"
#include "foreign/raw.h"
#include "store/arrow_glue.h"

namespace tacho {

// What values of an Arrow type become; nothing for types that are not read (lists, structs, ...).
std::optional<Type> raw_type_of(const arrow::DataType& type);
// Nanoseconds of one unit of an integer type that counts time, else 1.
std::int64_t unit_of(const arrow::DataType& type);
// All values of an array whose type has a raw_type_of. Timestamps as ns, of a wall clock where the
// type has no zone.
Result<void> read_values(const arrow::Array& array, RawValues& values);

}  // namespace tacho
