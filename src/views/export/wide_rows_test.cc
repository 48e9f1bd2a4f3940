// SPDX-License-Identifier: Apache-2.0
#include "views/export/wide_rows.h"

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>

#include <bit>
#include <nlohmann/json.hpp>

#include "views/testing.h"
#include "wide/row_builder.h"

namespace tacho {
namespace {

using testing::RecordingWriter;
using testing::TemporaryFolder;

constexpr std::int64_t kSecond = RecordingWriter::kSecond;

constexpr Column kSystemColumns[] = {gauge("task_count", Unit::count, "")};
constexpr Table kSystem{"system", "", kSystemColumns};
constexpr Column kMemoryColumns[] = {gauge("free", Unit::bytes, ""),
                                     gauge("limit", Unit::bytes, ""),
                                     gauge("available", Unit::bytes, "")};
constexpr Table kMemory{"memory", "", kMemoryColumns};
constexpr Column kDiskColumns[] = {key("device", ""), text("type", ""),
                                   counter("io_read", Unit::bytes, "")};
constexpr Table kDisk{"disk", "", kDiskColumns};
constexpr Column kCpuColumns[] = {key_number("cpu", ""),
                                  counter("time_user", Unit::nanoseconds, ""),
                                  counter("time_idle", Unit::nanoseconds, "")};
constexpr Table kCpu{"cpu", "", kCpuColumns};
constexpr Column kProcessColumns[] = {process_number("process", ""), key_number("pid", ""),
                                      gauge("file_descriptor_count", Unit::count, ""),
                                      gauge("oom_score_adj", Unit::count, "")};
constexpr Table kProcess{"process", "", kProcessColumns};
constexpr Column kInfoColumns[] = {process_number("process", ""), key_number("pid", ""),
                                   text("command", "")};
constexpr Table kInfo{"process_info", "", kInfoColumns};
constexpr Column kExitColumns[] = {process_number("process", ""), key_number("pid", "")};
constexpr Table kExit{"process_exit", "", kExitColumns};
const std::vector<const Table*> kTables = {&kSystem,  &kMemory, &kDisk, &kCpu,
                                           &kProcess, &kInfo,   &kExit};

constexpr std::uint64_t kTicks = 90;

// What a machine does at a tick: a disk that is unplugged, a CPU that comes late, processes that
// come and go, a tick that was missed.
void fill(RecordingWriter& writer, std::uint64_t tick) {
  const auto number = static_cast<std::int64_t>(tick);
  writer.rows(kSystem).append(100 + number % 7);
  writer.rows(kMemory).append(5000 + number, 10'000, number % 5 == 0 ? std::optional<int>() : 6000);
  writer.rows(kDisk).append("sda", "disk", number * number);
  if (tick < 40) writer.rows(kDisk).append("usb", "disk", number * 1000);
  writer.rows(kCpu).append(0, number * 30, number * 70);
  if (tick >= 10) writer.rows(kCpu).append(1, number * 10, number * 90);
  for (std::uint64_t process = tick / 10; process < tick / 10 + 5; ++process) {
    const bool is_key = (tick + process) % 6 == 0 || tick % 10 == 0;
    if (tick % 10 == 0)
      writer.rows(kInfo).append(process, 100 + process, "program " + std::to_string(process));
    writer.rows(kProcess).append(
        process, 100 + process,
        is_key ? std::optional<std::uint64_t>(process * 3 + tick) : std::nullopt,
        is_key ? std::optional<int>(0) : std::nullopt);
  }
  if (tick % 10 == 9) writer.rows(kExit).append(tick / 10, 100 + tick / 10);
}

struct Live {
  std::vector<WideRow> rows;
  std::vector<std::size_t> sizes;  // of the columns at each
  std::vector<WideColumn> columns;
};

// A recording, and the rows that its recorder made on the way.
Live record(const std::string& path) {
  Live live;
  auto writer = RecordingWriter::create(path, kTables);
  EXPECT_TRUE(writer) << writer.error().text;
  RowBuilder builder;
  for (std::uint64_t tick = 0; tick < kTicks; ++tick) {
    if (tick == 33) continue;
    if (tick == 50) {
      EXPECT_TRUE(writer->rotate());
    }
    writer->begin(tick);
    fill(*writer, tick);
    for (const Table* table : kTables) builder.observe(writer->rows(*table));
    EXPECT_TRUE(writer->commit());
    WideRow row;
    EXPECT_TRUE(builder.finish(row));
    live.rows.push_back(row);
    live.sizes.push_back(builder.columns().size());
  }
  EXPECT_TRUE(writer->finish(kTicks - 1));
  live.columns = builder.columns();
  return live;
}

bool is_equal(const WideRow& a, const WideRow& b) {
  if (a.time != b.time || a.cells.size() != b.cells.size() || a.texts != b.texts) return false;
  for (std::size_t index = 0; index < a.cells.size(); ++index)
    if (a.cells[index].is_present != b.cells[index].is_present ||
        a.cells[index].word != b.cells[index].word)
      return false;
  return true;
}

std::shared_ptr<arrow::Table> read_parquet(const std::string& path) {
  auto file = arrow::io::ReadableFile::Open(path);
  EXPECT_TRUE(file.ok());
  auto reader = parquet::arrow::OpenFile(*file, arrow::default_memory_pool());
  EXPECT_TRUE(reader.ok()) << reader.status().ToString();
  auto table = (*reader)->ReadTable();
  EXPECT_TRUE(table.ok()) << table.status().ToString();
  EXPECT_TRUE((*table)->ValidateFull().ok());
  return *table;
}

TEST(WideRows, AreThoseThatTheRecorderMade) {
  const TemporaryFolder folder;
  const Live live = record(folder / "x.tacho");
  const auto recording = Recording::open(folder / "x.tacho").value();
  auto reader = WideReader::open(recording).value();
  WideRow row;
  std::uint64_t tick = 0;
  std::size_t count = 0;
  while (reader.next(row, tick).value()) {
    ASSERT_LT(count, live.rows.size());
    EXPECT_TRUE(is_equal(row, live.rows[count])) << "tick " << tick;
    EXPECT_EQ(reader.columns().size(), live.sizes[count]);
    ++count;
  }
  EXPECT_EQ(count, live.rows.size());
}

TEST(WideRows, AFileThatGrewAndOneThatIsExportedHaveTheSameValues) {
  const TemporaryFolder folder;
  const Live live = record(folder / "x.tacho");
  const auto grown = WideFile::open_growing(folder / "grown.parquet", {.is_utc = true}).value();
  for (std::size_t index = 0; index < live.rows.size(); ++index) {
    ASSERT_TRUE(grown->append(live.rows[index], std::span(live.columns).first(live.sizes[index])));
    if (index % 7 == 0) {
      ASSERT_TRUE(grown->write());
    }
  }
  ASSERT_TRUE(grown->write());
  const auto recording = Recording::open(folder / "x.tacho").value();
  ASSERT_TRUE(export_wide_parquet(recording, {}, true, folder / "exported.parquet"));
  const auto a = read_parquet(folder / "grown.parquet"),
             b = read_parquet(folder / "exported.parquet");
  EXPECT_EQ(a->num_rows(), static_cast<std::int64_t>(kTicks - 1));
  EXPECT_EQ(a->schema()->field(0)->type()->ToString(), "timestamp[us, tz=UTC]");
  EXPECT_TRUE(a->Equals(*b)) << a->schema()->ToString() << b->schema()->ToString();
  // And a stream of Arrow's batches.
  const auto stream = wide_stream(recording, {}, true).value();
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (const Batch batch = stream->next().value()) batches.push_back(batch);
  const auto c = arrow::Table::FromRecordBatches(stream->schema(), batches).ValueOrDie();
  EXPECT_TRUE(a->Equals(*c));
}

TEST(WideRows, ManyGroupsAndLateColumnsReadBackAsTheyWereWritten) {
  const TemporaryFolder folder;
  const auto file = WideFile::open_growing(folder / "x.parquet", {.is_utc = false}).value();
  std::vector<WideColumn> columns = {{"n", Type::integer, "", ""}, {"t", Type::text, "", ""}};
  constexpr std::int64_t kRows = 5000;
  for (std::int64_t number = 0; number < kRows; ++number) {
    if (number == 3000) columns.push_back({"late", Type::real, "", ""});
    WideRow row{.time = number * kSecond,
                .cells = {{static_cast<std::uint64_t>(number * 7), number % 2 == 0}}};
    row.cells.push_back({0, number % 3 != 0});
    row.texts.push_back("text " + std::to_string(number % 100));
    if (number >= 3000) row.cells.push_back({std::bit_cast<std::uint64_t>(number / 2.0), true});
    ASSERT_TRUE(file->append(row, columns));
    if (number % 97 == 0) {
      ASSERT_TRUE(file->write());
    }
  }
  ASSERT_TRUE(file->write());
  const auto table = read_parquet(folder / "x.parquet");
  ASSERT_EQ(table->num_rows(), kRows);
  EXPECT_EQ(table->schema()->field(0)->type()->ToString(), "timestamp[us]");
  const auto batch = table->CombineChunksToBatch().ValueOrDie();
  const ColumnView n(*batch->column(1)), t(*batch->column(2)), late(*batch->column(3));
  for (std::int64_t number = 0; number < kRows; ++number) {
    ASSERT_EQ(n.find_integer(number), number % 2 == 0 ? std::optional(number * 7) : std::nullopt);
    ASSERT_EQ(t.text(number), number % 3 != 0 ? "text " + std::to_string(number % 100) : "");
    ASSERT_EQ(late.find_real(number), number >= 3000 ? std::optional(number / 2.0) : std::nullopt);
  }
  EXPECT_EQ(batch->column(3)->null_count(), 3000);
}

TEST(WideRows, WhatAKilledRecorderLeftIsBroughtIntoTheFileOnce) {
  for (const char* name : {"x.parquet", "x.csv"}) {
    const TemporaryFolder folder;
    const Live live = record(folder / "x.tacho");
    const std::string path = folder / name;
    {
      const auto grown = WideFile::open_growing(path, {.is_utc = true}).value();
      for (std::size_t index = 0; index < 30; ++index)
        ASSERT_TRUE(
            grown->append(live.rows[index], std::span(live.columns).first(live.sizes[index])));
      ASSERT_TRUE(grown->write());
    }
    const auto recording = Recording::open(folder / "x.tacho").value();
    EXPECT_EQ(recover_wide(recording, path, true).value(),
              static_cast<std::int64_t>(kTicks - 1 - 30))
        << name;
    EXPECT_EQ(recover_wide(recording, path, true).value(), 0) << name;
    ASSERT_TRUE(export_wide_parquet(recording, {}, true, folder / "whole.parquet"));
    if (path.ends_with(".parquet")) {
      EXPECT_TRUE(read_parquet(path)->Equals(*read_parquet(folder / "whole.parquet")));
    }
    const std::string csv = testing::written_by(
        [&](Output& output) { ASSERT_TRUE(export_wide_csv(recording, {}, true, output)); });
    if (path.ends_with(".csv")) {
      EXPECT_EQ(testing::bytes_of(path), csv);
    }
  }
}

TEST(WideRows, ARangeLeavesOutRowsAndKeepsTheirRates) {
  const TemporaryFolder folder;
  record(folder / "x.tacho");
  const auto recording = Recording::open(folder / "x.tacho").value();
  const std::int64_t from = RecordingWriter::kStartTime + 20 * kSecond;
  const auto stream =
      wide_stream(recording, {.from = from, .to = from + 2 * kSecond}, true).value();
  const Batch batch = stream->next().value();
  ASSERT_EQ(row_count(*batch), 2);
  EXPECT_EQ(ColumnView(*batch, "disk_read_bytes_per_sec").find_real(0), 20 * 20 - 19 * 19 + 1000);
  EXPECT_EQ(stream->next().value(), nullptr);
}

TEST(WideRows, TheLastRowIsOneJsonObject) {
  const TemporaryFolder folder;
  record(folder / "x.tacho");
  const auto json =
      nlohmann::json::parse(wide_json(Recording::open(folder / "x.tacho").value(), true).value());
  EXPECT_EQ(json["timestamp"], "2025-11-24T13:14:49.000000+00:00");
  EXPECT_EQ(json["sys_total"], 10'000);
  EXPECT_EQ(json["cpu_1_utilization"], 10.0);
  EXPECT_TRUE(json["fd_used"].is_null());
  EXPECT_EQ(json["max_files_process"], "program 12(112)");
}

TEST(WideRows, ARecordingWithoutTicksSaysSo) {
  const TemporaryFolder folder;
  auto writer = RecordingWriter::create(folder / "x.tacho", {&kMemory}).value();
  ASSERT_TRUE(writer.finish(0));
  const auto opened = WideReader::open(Recording::open(folder / "x.tacho").value());
  ASSERT_FALSE(opened);
  EXPECT_NE(opened.error().text.find("no table 'system'"), std::string::npos);
}

}  // namespace
}  // namespace tacho
