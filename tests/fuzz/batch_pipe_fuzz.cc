// SPDX-License-Identifier: Apache-2.0
// Rows as the confined process sends them: an Arrow stream that may say anything.
#include "foreign/batch_pipe.h"
#include "foreign/table_rows.h"
#include "fuzz.h"
#include "query/rows.h"

namespace tacho {
namespace {

const TablePlan& plan() {
  static const TablePlan plan{
      .name = "samples",
      .help = "Samples.",
      .key_columns = {{.name = "host", .type = Type::text, .kind = Kind::key, .help = "Host."}},
      .columns = {{.name = "used", .type = Type::integer, .help = "Used."},
                  {.name = "load", .type = Type::real, .help = "Load."}},
      .rows = {}};
  return plan;
}

void read_rows(const arrow::RecordBatch& batch) {
  const ColumnView host(batch, "host"), used(batch, "used"), load(batch, "load");
  std::size_t sum = 0;
  for (std::int64_t row = 0; row < row_count(batch); ++row)
    sum += host.text(row).size() + used.word(row) + load.word(row) +
           (host.text(row).empty() ? 0 : static_cast<std::size_t>(host.text(row).back()));
  volatile std::size_t used_up = sum;
  (void)used_up;
}

}  // namespace

FUZZ_TARGET(batch_pipe) {
  const FileDescriptor file = fuzz::memory_file(input);
  BatchPipe pipe(file.get(), schema_of(plan()));
  while (true) {
    const auto batch = pipe.next();
    if (!batch || !*batch) return;
    read_rows(**batch);
  }
}

}  // namespace tacho
