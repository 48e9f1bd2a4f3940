// SPDX-License-Identifier: Apache-2.0
#include "wide/document.h"

#include <fmt/format.h>

#include "wide/mapping.h"

namespace tacho {
namespace {

constexpr std::string_view kBegin = R"(# The one wide file

Generated from the code; `TACHO_ACCEPT_GOLDEN=1 build/test_wide` writes it.

`tacho record --output x.parquet` (or `x.csv`) keeps one file up to date; `tacho export RECORDING -o
x.parquet` makes the same of any recording; `tacho snapshot --wide` prints one row of it. It has a row for
each tick, and a column for each figure and device, by the names of the system tracer that it takes the
place of. Every reader of Parquet opens it: pandas with pyarrow or fastparquet, Polars, DuckDB, R.

- **Time.** `timestamp` is in microseconds, of the local clock and without a zone, as that tracer wrote it;
  `--utc` makes it UTC, and says so in its type. A local clock shows the hour twice when summer time ends.
  CSV has `2026-11-21 11:31:29.623821`, with `+00:00` behind it in UTC.
- **Types stay.** A whole number is int64 in every row group, and null where it could not be had. (In the
  tracer's file a column became real with its first null; pandas does the same when it reads ours.)
- **The first row** has no rates and no utilization: they begin with the second.
- **New devices** (a CPU, a container) append columns at the end; rows before are null there, as are rows in
  which the device is gone.
- **A file that is there** is continued, as long as tacho wrote it and its times are of the same kind; any
  other is left alone, and told.
- **Each write** puts a whole new file in the place of the old one, synced. Full row groups are copied as they
  are; mode and owner are kept. A new file is readable by its owner alone. Who opens the file once sees one version of it;
  programs that open a name twice (for the footer, then for the rows) may meet a new version in between, and
  try again.
- **The file keeps all rows.** It grows by some 20 MiB a day at one row a second; begin another
  when it is large enough. A write copies it once inside the kernel.
- **A kill loses nothing.** What is not in the file is in the folder `.x.parquet.tacho` beside it. The next start with
  the same `--output` brings it in; `tacho export .x.parquet.tacho -o y.parquet` reads it as it is.

The metadata of the Parquet file say `tacho.version`, `tacho.host`, `tacho.zone` (what local times are of),
`tacho.interval` (ns) and `tacho.last_time` (of the last row).

`{}` stands for the device's name.

| Column | Type | Unit | From | Meaning |
|---|---|---|---|---|
)";

constexpr std::string_view kEnd = R"(
Where the system tracer told something else: `total_open_files` was the number of lines of lsof, with
mapped files and threads, or of the tracer's own descriptors; disks are summed without partitions and
without devices made of others, which count the same bytes again.
)";

std::string_view type_text(Type type) {
  if (type == Type::text) return "utf8";
  return type == Type::real ? "float64" : "int64";
}

// "disk.io_read", "memory.limit - memory.available": what a line is made from.
std::string source_of(const WideLine& line) {
  const auto column = [&](std::size_t index) {
    return fmt::format("{}.{}", line.table, line.columns[index]);
  };
  switch (line.how) {
    case WideLine::How::value:
      return column(0);
    case WideLine::How::less:
      return column(0) + " - " + column(1);
    case WideLine::How::percent:
      return column(0) + " / " + column(1);
    case WideLine::How::sum:
      return "sum of " + column(0);
    case WideLine::How::rate:
      return "rate of " + column(0);
    case WideLine::How::busy:
      return fmt::format("{}.time_*", line.table);
    case WideLine::How::living:
      return fmt::format("{}, process_exit", line.table);
    default:
      return column(0);
  }
}

}  // namespace

std::string wide_markdown() {
  std::string text(kBegin);
  text += "| `timestamp` | timestamp[us] |  | system.time | When the row was taken. |\n";
  for (const WideLine& line : wide_lines())
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", line.name, type_text(line.type),
                        line.unit, source_of(line), line.help);
  text += kEnd;
  return text;
}

}  // namespace tacho
