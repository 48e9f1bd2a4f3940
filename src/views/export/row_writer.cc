// SPDX-License-Identifier: Apache-2.0
#include "views/export/row_writer.h"

namespace tacho {

Result<std::unique_ptr<RowWriter>> make_row_writer(std::string_view format, Zone zone,
                                                   Output& output, const FilledColumns& filled) {
  if (format == "table") return make_table_writer(zone, output, WideRows::as_they_are, filled);
  if (format == "csv") return make_csv_writer(zone, output);
  if (format == "json") return make_json_writer(zone, output);
  if (format == "arrow") return make_arrow_writer(output);
  if (format == "parquet") return make_parquet_writer(output);
  return Error{ErrorCode::invalid,
               "--format is table, csv, json, arrow or parquet; got '" + std::string(format) + "'"};
}

Result<void> write_rows(RowStream& rows, RowWriter& writer,
                        const std::function<void(std::int64_t)>& progress) {
  TRY(writer.begin(rows.schema()));
  std::int64_t written = 0;
  while (const Batch batch = TRY(rows.next())) {
    if (!TRY(writer.write(*batch))) return {};
    written += row_count(*batch);
    if (progress) progress(written);
  }
  return writer.end();
}

}  // namespace tacho
