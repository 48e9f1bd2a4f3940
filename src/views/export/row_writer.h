// SPDX-License-Identifier: Apache-2.0
// Rows of a table in the formats of --format. A writer is one .cc; row_writer.cc knows them all.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "query/rows.h"
#include "views/output.h"

namespace tacho {

class RowWriter {
 public:
  virtual ~RowWriter() = default;
  virtual Result<void> begin(const Schema& schema) = 0;
  // False when the reader of the output went away.
  virtual Result<bool> write(const arrow::RecordBatch& batch) = 0;
  virtual Result<void> end() = 0;
};

// Of these columns, those that may have a value in rows that were not written yet.
using Names = std::set<std::string>;
using FilledColumns = std::function<Names(const Names& columns)>;

// "table", "csv", "json", "arrow" or "parquet"; `invalid` lists them. A table leaves out columns that
// have no value: `filled` is asked about those that had none when the first rows must be printed.
Result<std::unique_ptr<RowWriter>> make_row_writer(std::string_view format, Zone zone,
                                                   Output& output,
                                                   const FilledColumns& filled = {});

// All rows of the stream through a writer. `progress` is told how many have been written.
Result<void> write_rows(RowStream& rows, RowWriter& writer,
                        const std::function<void(std::int64_t rows)>& progress = {});

// A table that is wider than the output: on a terminal few rows are turned (views/turned.h);
// `turned`: all, everywhere.
enum class WideRows : std::uint8_t { as_they_are, turned };

// Each in its own file.
std::unique_ptr<RowWriter> make_table_writer(Zone zone, Output& output,
                                             WideRows wide = WideRows::as_they_are,
                                             FilledColumns filled = {});
std::unique_ptr<RowWriter> make_csv_writer(Zone zone, Output& output);
std::unique_ptr<RowWriter> make_json_writer(Zone zone, Output& output);
std::unique_ptr<RowWriter> make_arrow_writer(Output& output);
std::unique_ptr<RowWriter> make_parquet_writer(Output& output);

}  // namespace tacho
