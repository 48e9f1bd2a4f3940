// SPDX-License-Identifier: Apache-2.0
// Parquet of other programs.
#include "foreign_reading.h"
#include "fuzz.h"

namespace tacho {

FUZZ_TARGET(parquet) {
  if (input.starts_with("PAR1")) fuzz::read_foreign(input);
}

}  // namespace tacho
