// SPDX-License-Identifier: Apache-2.0
// Wide rows to files: what views/export/wide_rows.h promises beside the rows themselves.
#include <arrow/array.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <arrow/util/key_value_metadata.h>

#include <algorithm>
#include <bit>

#include "query/entities.h"
#include "views/export/wide_rows.h"
#include "views/json_text.h"
#include "wide/csv_lines.h"

namespace tacho {
namespace {

// Rows of a batch, and between two writes of a file that is recovered.
constexpr std::int64_t kRows = 4096;

bool is_in(const Range& range, std::int64_t time) {
  return (!range.from || time >= *range.from) && (!range.to || time < *range.to);
}

// The time of a wide row as files have it.
WideColumn time_column() {
  return {
      .name = std::string(kWideTime), .type = Type::timestamp, .help = "When the row was taken."};
}

std::vector<WideColumn> with_time(const std::vector<WideColumn>& columns) {
  std::vector<WideColumn> all = {time_column()};
  all.insert(all.end(), columns.begin(), columns.end());
  return all;
}

std::shared_ptr<arrow::DataType> arrow_type(const WideColumn& column, bool is_utc) {
  switch (column.type) {
    case Type::timestamp:
      return is_utc ? arrow::timestamp(arrow::TimeUnit::MICRO, "UTC")
                    : arrow::timestamp(arrow::TimeUnit::MICRO);
    case Type::real:
      return arrow::float64();
    case Type::text:
      return arrow::utf8();
    default:
      return arrow::int64();
  }
}

Schema schema_of(const std::vector<WideColumn>& columns, const RecordingFacts& recorded,
                 bool is_utc) {
  arrow::FieldVector fields;
  for (const WideColumn& column : columns)
    fields.push_back(arrow::field(
        column.name, arrow_type(column, is_utc), true,
        arrow::key_value_metadata({"unit", "description"},
                                  {std::string(column.unit), std::string(column.help)})));
  std::vector<std::string> keys, values;
  for (const auto& [key, value] : wide_facts(recorded, is_utc)) {
    keys.push_back(key);
    values.push_back(value);
  }
  return arrow::schema(std::move(fields),
                       arrow::key_value_metadata(std::move(keys), std::move(values)));
}

class WideStream final : public RowStream {
 public:
  WideStream(WideReader rows, std::vector<WideColumn> columns, Schema schema, Range range,
             bool is_utc)
      : rows_(std::move(rows)),
        columns_(std::move(columns)),
        schema_(std::move(schema)),
        range_(range),
        is_utc_(is_utc) {}

  const Schema& schema() const override { return schema_; }

  Result<Batch> next() override {
    BatchBuilder builder(schema_);
    WideRow row;
    std::uint64_t tick = 0;
    while (builder.rows() < kRows && TRY(rows_.next(row, tick)))
      if (is_in(range_, row.time)) append(builder, row);
    if (builder.rows() == 0) return Batch();
    return builder.finish();
  }

 private:
  void append(BatchBuilder& builder, const WideRow& row) const {
    builder.column(0).append_word(static_cast<std::uint64_t>(time_in_wide_file(row.time, is_utc_)));
    for (std::size_t index = 1; index < columns_.size(); ++index) {
      ColumnBuilder& column = builder.column(index);
      const WideCell cell = index - 1 < row.cells.size() ? row.cells[index - 1] : WideCell{};
      if (!cell.is_present)
        column.append_null();
      else if (columns_[index].type == Type::text)
        column.append_text(row.text(cell));
      else
        column.append_word(cell.word);
    }
  }

  WideReader rows_;
  std::vector<WideColumn> columns_;
  Schema schema_;
  Range range_;
  bool is_utc_;
};

// The tick after whose row the file ends; nothing when it has none of this recording's.
Result<std::optional<std::uint64_t>> last_tick_of(const Recording& recording,
                                                  const WideFile& file) {
  std::optional<std::uint64_t> found;
  if (!file.last_time()) return found;
  Stream ticks = TRY(recording.scan("system", {.columns = {"tick", "time"}}));
  while (const Batch batch = TRY(ticks->next())) {
    const ColumnView tick(*batch, "tick"), time(*batch, "time");
    for (std::int64_t row = 0; row < row_count(*batch); ++row)
      if (file.time_in_file(static_cast<std::int64_t>(time.word(row))) == *file.last_time())
        found = tick.word(row);
  }
  return found;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> wide_facts(const RecordingFacts& facts,
                                                            bool is_utc) {
  return {{"tacho.version", TACHO_VERSION},
          {"tacho.host", facts.host.name},
          {"tacho.zone", is_utc ? "UTC" : facts.time_zone},
          {"tacho.interval", std::to_string(facts.interval)}};
}

Result<Stream> wide_stream(const Recording& recording, const Range& range, bool is_utc) {
  auto columns = with_time(TRY(wide_columns(recording)));
  Schema schema = schema_of(columns, recording.facts(), is_utc);
  return Stream(std::make_unique<WideStream>(TRY(WideReader::open(recording)), std::move(columns),
                                             std::move(schema), range, is_utc));
}

Result<void> export_wide_parquet(const Recording& recording, const Range& range, bool is_utc,
                                 const std::string& path, const WideProgress& progress) {
  const auto columns = TRY(wide_columns(recording));
  const auto file = TRY(create_whole_parquet(
      path, {.is_utc = is_utc, .facts = wide_facts(recording.facts(), is_utc)}));
  WideReader rows = TRY(WideReader::open(recording));
  WideRow row;
  std::uint64_t tick = 0;
  while (TRY(rows.next(row, tick))) {
    if (!is_in(range, row.time)) continue;
    TRY(file->append(row, columns));
    if (progress) progress(file->rows());
  }
  return file->write();
}

Result<void> export_wide_csv(const Recording& recording, const Range& range, bool is_utc,
                             Output& output, const WideProgress& progress) {
  const auto columns = with_time(TRY(wide_columns(recording)));
  WideReader rows = TRY(WideReader::open(recording));
  std::string line;
  csv_lines::append_header(line, columns);
  output.write(line);
  WideRow row;
  std::uint64_t tick = 0;
  std::int64_t written = 0;
  std::vector<const WideCell*> cells(columns.size());
  while (TRY(rows.next(row, tick))) {
    if (!is_in(range, row.time)) continue;
    std::ranges::fill(cells, nullptr);
    for (std::size_t index = 0; index < row.cells.size(); ++index)
      if (row.cells[index].is_present) cells[index + 1] = &row.cells[index];
    line.clear();
    csv_lines::append_row(line, time_in_wide_file(row.time, is_utc), is_utc, columns, cells, row);
    if (!output.write(line)) return {};
    if (progress) progress(++written);
  }
  return output.flush();
}

Result<std::int64_t> recover_wide(const Recording& recording, const std::string& path,
                                  bool is_utc) {
  const auto file = TRY(WideFile::open_growing(
      path, {.is_utc = is_utc, .facts = wide_facts(recording.facts(), is_utc)}));
  const auto last = TRY(last_tick_of(recording, *file));
  WideReader rows = TRY(WideReader::open(recording));
  WideRow row;
  std::uint64_t tick = 0;
  std::int64_t recovered = 0;
  while (TRY(rows.next(row, tick))) {
    if (last && tick <= *last) continue;
    TRY(file->append(row, rows.columns()));
    if (++recovered % kRows == 0) TRY(file->write());
  }
  if (file->has_news()) TRY(file->write());
  return recovered;
}

Result<std::string> wide_json(const Recording& recording, bool is_utc) {
  WideReader rows = TRY(WideReader::open(recording));
  WideRow row, last;
  std::uint64_t tick = 0;
  while (TRY(rows.next(row, tick))) last = row;
  std::string time = csv_lines::time_text(time_in_wide_file(last.time, is_utc), is_utc);
  std::ranges::replace(time, ' ', 'T');
  std::string text = "{\"timestamp\": \"" + time + "\"";
  for (std::size_t index = 0; index < last.cells.size(); ++index) {
    const WideColumn& column = rows.columns()[index];
    text += ",\n ";
    append_json_string(text, column.name);
    text += ": ";
    const std::string value = last.cells[index].is_present
                                  ? csv_lines::value_text(column, last.cells[index], last)
                                  : "null";
    if (column.type == Type::text && last.cells[index].is_present)
      append_json_string(text, value);
    else
      text += value;
  }
  return text + "}\n";
}

}  // namespace tacho
