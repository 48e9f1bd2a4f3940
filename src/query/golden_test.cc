// SPDX-License-Identifier: Apache-2.0
// Recordings of every format that was ever written stay readable:
// tests/recordings/<version>/*.tacho, each beside a text of what is in it. TACHO_ACCEPT_GOLDEN=1
// writes what is not there yet and never changes what is.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/text.h"
#include "query/recording.h"
#include "store/seal.h"
#include "store/testing.h"
#include "store/verify.h"

namespace tacho {
namespace {

const std::string kFolder = std::string(TACHO_FIXTURES) + "/../recordings/";

std::string value_of(const ColumnView& column, std::int64_t row) {
  if (column.is_null(row)) return "-";
  if (column.type() == Type::text) return escaped(column.text(row));
  if (column.type() == Type::unsigned_integer) return std::to_string(column.word(row));
  if (column.type() != Type::real) return std::to_string(column.integer(row));
  std::ostringstream text;
  text << column.real(row);
  return text.str();
}

// Facts, tables, columns and every row, as lines.
std::string text_of(const std::string& path) {
  auto recording = Recording::open(path);
  if (!recording) return recording.error().text;
  std::ostringstream text;
  const RecordingFacts& facts = recording->facts();
  text << "format " << facts.format_major << '.' << facts.format_minor << " id " << facts.id
       << " host " << facts.host.name << " interval " << facts.interval << '\n';
  for (const std::string& table : recording->table_names()) {
    auto stream = recording->scan(table);
    if (!stream) return stream.error().text;
    const auto columns = columns_of(*(*stream)->schema());
    text << table;
    for (const ColumnInfo& column : columns)
      text << ' ' << column.name << ':' << name_of(column.kind) << ':' << column.unit;
    text << '\n';
    while (true) {
      const auto batch = (*stream)->next();
      if (!batch) return batch.error().text;
      if (!*batch) break;
      for (std::int64_t row = 0; row < row_count(**batch); ++row) {
        for (const ColumnInfo& column : columns)
          text << value_of(ColumnView(**batch, column.name), row) << ' ';
        text << '\n';
      }
    }
  }
  for (const Finding& finding : recording->findings()) text << to_line(finding) << '\n';
  return text.str();
}

// One sealed file and one live file of each table: nulls, text, reals, compressed and plain
// batches.
void write_small(const std::string& path) {
  auto writer = testing::RecordingWriter::create(
      path, {&testing::kSystem, &testing::kCpu, &testing::kProcessInfo});
  ASSERT_TRUE(writer) << writer.error().text;
  for (std::uint64_t tick = 0; tick < 6; ++tick) {
    if (tick == 3) {
      ASSERT_TRUE(seal(path));
      ASSERT_TRUE(writer->rotate());
    }
    writer->begin(tick);
    writer->rows(testing::kSystem).append(std::int64_t(tick) * 1000);
    for (std::int64_t cpu = 0; cpu < 2; ++cpu)
      writer->rows(testing::kCpu)
          .append(cpu, std::int64_t(tick) * 1'000'000 - cpu,
                  cpu == 1 ? std::nullopt : std::optional<double>(2.4e9 + double(tick)));
    for (std::uint64_t process = 1; process <= (tick % 3 == 0 ? 60 : 1); ++process)
      writer->rows(testing::kProcessInfo)
          .append(process, std::int64_t(1000 + process),
                  "program \xC3\xA9 " + std::to_string(process),
                  process % 2 == 0 ? std::nullopt : std::optional<std::string_view>("somebody"));
    ASSERT_TRUE(writer->commit());
  }
  ASSERT_TRUE(writer->finish(5));
  // What is grown ahead need not be kept.
  for (const char* table : {"system", "cpu", "process_info"}) {
    const std::string live = path + "/" + table + "/live-000002.arrows";
    testing::cut_tail(live, testing::bytes_of(live).find_last_not_of('\0') + 1 + 4);
  }
}

TEST(Golden, RecordingsOfEveryFormatStayReadable) {
  namespace fs = std::filesystem;
  const std::string small = kFolder + "1.0/small.tacho";
  if (std::getenv("TACHO_ACCEPT_GOLDEN") != nullptr && !fs::exists(small)) {
    fs::create_directories(kFolder + "1.0");
    write_small(small);
    std::ofstream(kFolder + "1.0/small.txt") << text_of(small);
  }
  int recordings = 0;
  for (const auto& version : fs::directory_iterator(kFolder))
    for (const auto& entry : fs::directory_iterator(version.path())) {
      if (entry.path().extension() != ".tacho") continue;
      ++recordings;
      fs::path expected = entry.path();
      EXPECT_EQ(text_of(entry.path()), testing::bytes_of(expected.replace_extension(".txt")));
      const auto report = verify(entry.path());
      ASSERT_TRUE(report) << report.error().text;
      EXPECT_TRUE(report->findings.empty()) << to_line(report->findings[0]);
    }
  EXPECT_GE(recordings, 1);
}

}  // namespace
}  // namespace tacho
