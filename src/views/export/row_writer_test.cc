// SPDX-License-Identifier: Apache-2.0
#include "views/export/row_writer.h"

#include <arrow/buffer.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/reader.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "views/testing.h"

namespace tacho {
namespace {

using testing::BatchMaker;

constexpr std::int64_t kTime = 1'763'990'000'000'000'000;

// Null and not, and text that means something to a CSV, a JSON, a spreadsheet.
Batch batch() {
  return BatchMaker()
      .times("time", {kTime, kTime + 1, kTime + 2})
      .numbers("size", "By", "gauge", {4096, std::nullopt, -1})
      .reals("share", "1", {0.5, std::nullopt, INFINITY})
      .texts("name", {"=cmd|' /C calc'!A0", "a \"b\", c", std::nullopt})
      .make();
}

std::string written(const std::string& format, const std::vector<Batch>& batches) {
  return testing::written_by([&](Output& output) {
    const auto writer = make_row_writer(format, Zone::utc, output);
    ASSERT_TRUE(writer) << writer.error().text;
    testing::HeldRows rows(batches);
    const auto done = write_rows(rows, **writer);
    EXPECT_TRUE(done) << done.error().text;
  });
}

TEST(RowWriter, KnowsItsFormats) {
  testing::written_by([&](Output& output) {
    const auto writer = make_row_writer("xml", Zone::utc, output);
    ASSERT_FALSE(writer);
    EXPECT_EQ(writer.error().code, ErrorCode::invalid);
    EXPECT_EQ(writer.error().text, "--format is table, csv, json, arrow or parquet; got 'xml'");
  });
}

// A batch of `count` rows in which `late` is null throughout or has values.
Batch rows_of(std::size_t count, bool has_late) {
  std::vector<std::optional<std::int64_t>> early(count, 1), late(count);
  if (has_late) late.back() = 7;
  return BatchMaker().numbers("early", "1", "gauge", early).numbers("late", "1", "gauge", late).make();
}

std::string first_line(const std::vector<Batch>& batches, const FilledColumns& filled) {
  const std::string text = testing::written_by([&](Output& output) {
    const auto writer = make_row_writer("table", Zone::utc, output, filled);
    testing::HeldRows rows(batches);
    EXPECT_TRUE(write_rows(rows, **writer));
  });
  return text.substr(0, text.find('\n'));
}

TEST(RowWriter, LeavesOutOfATableOnlyColumnsThatAreNullThroughout) {
  int asked = 0;
  const FilledColumns late = [&](const Names& columns) {
    ++asked;
    EXPECT_EQ(columns, Names{"late"});
    return columns;
  };
  // Few rows are looked at, all of them.
  EXPECT_EQ(first_line({rows_of(3, false), rows_of(3, false)}, late), "early");
  EXPECT_EQ(first_line({rows_of(3, false), rows_of(3, true)}, late), "early  late");
  EXPECT_EQ(asked, 0);
  // Of many the first are printed before the last are there.
  EXPECT_EQ(first_line({rows_of(600, false), rows_of(3, true)}, late), "early  late");
  EXPECT_EQ(asked, 1);
  const FilledColumns none = [](const Names&) { return Names(); };
  EXPECT_EQ(first_line({rows_of(600, false), rows_of(3, false)}, none), "early");
  // Nothing else was asked for.
  const Batch nothing = BatchMaker().numbers("late", "1", "gauge", {std::nullopt}).make();
  EXPECT_EQ(first_line({nothing}, none), "late");
}

TEST(RowWriter, TellsItsProgress) {
  std::vector<std::int64_t> told;
  testing::written_by([&](Output& output) {
    testing::HeldRows rows({batch(), batch()});
    const auto writer = make_row_writer("csv", Zone::utc, output);
    EXPECT_TRUE(write_rows(rows, **writer, [&](std::int64_t count) { told.push_back(count); }));
  });
  EXPECT_EQ(told, (std::vector<std::int64_t>{3, 6}));
}

TEST(Csv, QuotesAndDisarms) {
  EXPECT_EQ(written("csv", {batch()}),
            "time,size,share,name\n"
            "2025-11-24T13:13:20.000000000Z,4096,0.5,'=cmd|' /C calc'!A0\n"
            "2025-11-24T13:13:20.000000001Z,,,\"a \"\"b\"\", c\"\n"
            "2025-11-24T13:13:20.000000002Z,-1,inf,\n");
}

TEST(Json, IsOneArrayOfObjects) {
  const std::string text = written("json", {batch(), batch()});
  const auto json = nlohmann::json::parse(text);
  ASSERT_EQ(json.size(), 6U);
  EXPECT_EQ(json[0]["time"], "2025-11-24T13:13:20.000000000Z");
  EXPECT_EQ(json[0]["size"], 4096);
  EXPECT_EQ(json[1]["name"], "a \"b\", c");
  EXPECT_TRUE(json[1]["size"].is_null());
  EXPECT_TRUE(json[2]["share"].is_null());  // JSON has no infinity
}

TEST(Json, IsAnEmptyArrayWithoutRows) {
  EXPECT_EQ(nlohmann::json::parse(written("json", {batch()->Slice(0, 0)})).size(), 0U);
}

TEST(Arrow, ComesBackAsItWas) {
  const std::string text = written("arrow", {batch()});
  const auto buffer = arrow::Buffer::FromString(text);
  auto reader = *arrow::ipc::RecordBatchStreamReader::Open(std::make_shared<arrow::io::BufferReader>(buffer));
  std::shared_ptr<arrow::RecordBatch> read;
  ASSERT_TRUE(reader->ReadNext(&read).ok());
  EXPECT_TRUE(read->Equals(*batch(), /*check_metadata=*/true));
}

TEST(Parquet, ComesBackAsItWasWithItsMetadata) {
  const std::string text = written("parquet", {batch(), batch()});
  auto source = std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(text));
  const auto file = parquet::ParquetFileReader::Open(source);
  EXPECT_EQ(file->metadata()->num_rows(), 6);
  auto reader = *parquet::arrow::OpenFile(source, arrow::default_memory_pool());
  std::shared_ptr<arrow::Schema> schema;
  ASSERT_TRUE(reader->GetSchema(&schema).ok());
  EXPECT_EQ(schema->field(1)->metadata()->Get("unit").ValueOr(""), "By");
}

TEST(TableText, SaysTheZoneOnceAndLeavesOutWhatHasNoValue) {
  const auto rows = BatchMaker()
                        .times("time", {kTime})
                        .numbers("boottime", "ns", "key", {5})
                        .numbers("size", "By", "gauge", {4096})
                        .texts("nothing", {std::nullopt})
                        .make();
  EXPECT_EQ(written("table", {rows}),
            "time (UTC)                   size\n"
            "2025-11-24 13:13:20.000  4.00 KiB\n");
}

TEST(TableText, SaysWhenThereAreNoRows) {
  const std::string text = testing::written_by([](Output& output) {
    const auto writer = make_table_writer(Zone::utc, output);
    EXPECT_TRUE(writer->begin(batch()->schema()));
    EXPECT_TRUE(writer->end());
  });
  EXPECT_EQ(text, "no rows\n");
}

TEST(TableText, IsTurnedWhereItIsTooWide) {
  BatchMaker maker;
  for (int column = 0; column < 30; ++column)
    maker.numbers("column_" + std::to_string(column), "", "gauge", {column, column + 100});
  const std::string text = testing::written_by([&](Output& output) {
    testing::HeldRows rows({maker.make()});
    const auto writer = make_table_writer(Zone::utc, output, WideRows::turned);
    EXPECT_TRUE(write_rows(rows, *writer));
  });
  EXPECT_TRUE(text.starts_with("column_0    0  100\ncolumn_1    1  101\n")) << text;
  EXPECT_EQ(std::ranges::count(text, '\n'), 30);
}

}  // namespace
}  // namespace tacho
