// SPDX-License-Identifier: Apache-2.0
// CSV of other programs.
#include "foreign_reading.h"
#include "fuzz.h"

namespace tacho {

FUZZ_TARGET(csv) {
  // Parquet has a target of its own.
  if (!input.starts_with("PAR1")) fuzz::read_foreign(input);
}

}  // namespace tacho
