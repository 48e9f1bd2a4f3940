// SPDX-License-Identifier: Apache-2.0
#include "wide/row_builder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <string>

namespace tacho {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

constexpr Column kSystemColumns[] = {gauge("task_count", Unit::count, "")};
constexpr Table kSystem{"system", "", kSystemColumns};
constexpr Column kDiskColumns[] = {key("device", ""), text("type", ""),
                                   counter("io_read", Unit::bytes, ""),
                                   counter("io_time", Unit::nanoseconds, "")};
constexpr Table kDisk{"disk", "", kDiskColumns};
constexpr Column kCpuColumns[] = {
    key_number("cpu", ""), counter("time_user", Unit::nanoseconds, ""),
    counter("time_idle", Unit::nanoseconds, ""), counter("time_iowait", Unit::nanoseconds, "")};
constexpr Table kCpu{"cpu", "", kCpuColumns};
constexpr Column kProcessColumns[] = {process_number("process", ""), key_number("pid", ""),
                                      gauge("file_descriptor_count", Unit::count, ""),
                                      gauge("oom_score_adj", Unit::count, "")};
constexpr Table kProcess{"process", "", kProcessColumns};
constexpr Column kInfoColumns[] = {process_number("process", ""), text("command", "")};
constexpr Table kInfo{"process_info", "", kInfoColumns};
constexpr Column kExitColumns[] = {process_number("process", "")};
constexpr Table kExit{"process_exit", "", kExitColumns};
// A table that mapping.cc does not know: as of devices that come later.
constexpr Column kBoxColumns[] = {key("id", ""), text("name", ""), gauge("memory", Unit::bytes, ""),
                                  counter("sent", Unit::bytes, "")};
constexpr Table kBox{"box", "", kBoxColumns};
constexpr WideLine kBoxLines[] = {
    {.name = "total", .table = "system", .columns = {"task_count"}},
    WideLine{.name = "box_{}_memory", .table = "box", .columns = {"memory"}}.of("name"),
    WideLine{.name = "box_{}_sent", .table = "box", .columns = {"sent"}}.of("name"),
    WideLine{.name = "extra", .table = "system", .columns = {"task_count"}},
    WideLine{.name = "box_{}_sent_per_sec",
             .table = "box",
             .how = WideLine::How::rate,
             .columns = {"sent"},
             .type = Type::real}
        .of("name")};

// Builds ticks a second apart.
class Builder {
 public:
  explicit Builder(std::span<const WideLine> lines = wide_lines()) : builder_(lines) {}

  template <class... Values>
  void add(const Table& table, const Values&... values) {
    if (!rows_ || &rows_->table() != &table) flush();
    if (!rows_) {
      rows_.emplace(table);
      rows_->begin({.tick = tick_,
                    .time = static_cast<std::int64_t>(tick_) * kSecond + 5,
                    .boottime = static_cast<std::int64_t>(tick_) * kSecond});
    }
    rows_->append(values...);
  }

  bool end() {
    add(kSystem, std::int64_t(100 + tick_));
    flush();
    ++tick_;
    return builder_.finish(row);
  }

  std::optional<std::int64_t> integer(std::string_view name) const {
    const auto cell = find(name);
    return cell ? std::optional(static_cast<std::int64_t>(cell->word)) : std::nullopt;
  }
  std::optional<double> real(std::string_view name) const {
    const auto cell = find(name);
    return cell ? std::optional(std::bit_cast<double>(cell->word)) : std::nullopt;
  }
  std::string text(std::string_view name) const {
    const auto cell = find(name);
    return cell ? std::string(row.text(*cell)) : "null";
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const WideColumn& column : builder_.columns()) names.push_back(column.name);
    return names;
  }
  void skip_tick() { ++tick_; }
  void flush() {
    if (rows_) builder_.observe(*rows_);
    rows_.reset();
  }

  WideRow row;

 private:
  std::optional<WideCell> find(std::string_view name) const {
    const auto& columns = builder_.columns();
    const auto at = std::ranges::find(columns, name, &WideColumn::name);
    EXPECT_NE(at, columns.end()) << name;
    const auto index = static_cast<std::size_t>(at - columns.begin());
    if (at == columns.end() || !row.cells[index].is_present) return std::nullopt;
    return row.cells[index];
  }

  RowBuilder builder_;
  std::optional<Rows> rows_;
  std::uint64_t tick_ = 0;
};

TEST(RowBuilder, ColumnsAreThoseOfTheSystemTracerInItsOrder) {
  Builder builder;
  builder.add(kCpu, 0, 0, 0, 0);
  builder.add(kCpu, 1, 0, 0, 0);
  ASSERT_TRUE(builder.end());
  const std::vector<std::string> wanted = {"sys_total",
                                           "sys_used",
                                           "sys_free",
                                           "cpu_0_utilization",
                                           "cpu_1_utilization",
                                           "total_open_files",
                                           "max_files_process",
                                           "max_files_count",
                                           "fd_used",
                                           "fd_max",
                                           "fd_usage_percent",
                                           "disk_read_bytes",
                                           "disk_write_bytes",
                                           "disk_read_count",
                                           "disk_write_count",
                                           "disk_busy_time",
                                           "net_bytes_sent",
                                           "net_bytes_recv",
                                           "net_packets_sent",
                                           "net_packets_recv",
                                           "net_errin",
                                           "net_errout",
                                           "net_dropin",
                                           "net_dropout",
                                           "system_process_count",
                                           "system_thread_count",
                                           "disk_read_bytes_per_sec",
                                           "disk_write_bytes_per_sec",
                                           "disk_read_count_per_sec",
                                           "disk_write_count_per_sec",
                                           "net_bytes_sent_per_sec",
                                           "net_bytes_recv_per_sec",
                                           "net_packets_sent_per_sec",
                                           "net_packets_recv_per_sec"};
  EXPECT_EQ(builder.names(), wanted);
  EXPECT_EQ(builder.row.time, 5);
  EXPECT_EQ(builder.integer("system_thread_count"), 100);
  EXPECT_EQ(builder.integer("sys_total"), std::nullopt);  // a table that is not recorded
}

TEST(RowBuilder, DisksAreSummedWithoutPartitionsAndRatesAreNullInTheFirstRow) {
  Builder builder;
  builder.add(kDisk, "sda", "disk", 1000, 3'999'999);
  builder.add(kDisk, "sda1", "partition", 900, 0);
  builder.add(kDisk, "sdb", "disk", 10, 1'000'000);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("disk_read_bytes"), 1010);
  EXPECT_EQ(builder.integer("disk_busy_time"), 4);
  EXPECT_EQ(builder.real("disk_read_bytes_per_sec"), std::nullopt);
  builder.add(kDisk, "sda", "disk", 3000, 0);
  builder.add(kDisk, "sdb", "disk", 10, 0);
  builder.skip_tick();
  builder.flush();
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("disk_read_bytes_per_sec"), 2000);
}

TEST(RowBuilder, ADeviceThatComesOrGoesMakesNoRate) {
  Builder builder;
  builder.add(kDisk, "sda", "disk", 1000, 0);
  builder.add(kDisk, "usb", "disk", 5'000'000, 0);
  ASSERT_TRUE(builder.end());
  builder.add(kDisk, "sda", "disk", 1100, 0);
  builder.add(kDisk, "new", "disk", 7'000'000, 0);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("disk_read_bytes_per_sec"), 100);
  builder.add(kDisk, "sda", "disk", 1150, 0);
  builder.add(kDisk, "usb", "disk", 9'000'000, 0);  // again: what it did meanwhile is not known
  builder.add(kDisk, "new", "disk", 7'000'001, 0);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("disk_read_bytes_per_sec"), 51);
}

TEST(RowBuilder, ACounterThatWentBackMakesNoRate) {
  Builder builder;
  builder.add(kDisk, "sda", "disk", 1000, 0);
  ASSERT_TRUE(builder.end());
  builder.add(kDisk, "sda", "disk", 5, 0);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("disk_read_bytes_per_sec"), std::nullopt);
}

TEST(RowBuilder, ACpuIsBusyWhenItIsNeitherIdleNorWaitingAndNullAtFirst) {
  Builder builder;
  builder.add(kCpu, 0, 100, 1000, 500);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("cpu_0_utilization"), std::nullopt);
  builder.add(kCpu, 0, 130, 1050, 520);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("cpu_0_utilization"), 30);
  builder.add(kCpu, 0, 140, 1060, 510);  // time_iowait can fall
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("cpu_0_utilization"), 50);
}

TEST(RowBuilder, ACpuThatComesLateGetsTheLastColumnAndOneThatIsGoneIsNull) {
  Builder builder;
  builder.add(kCpu, 0, 0, 0, 0);
  ASSERT_TRUE(builder.end());
  const std::size_t before = builder.names().size();
  builder.add(kCpu, 0, 1, 1, 0);
  builder.add(kCpu, 1, 0, 0, 0);
  ASSERT_TRUE(builder.end());
  ASSERT_EQ(builder.names().size(), before + 1);
  EXPECT_EQ(builder.names().back(), "cpu_1_utilization");
  builder.add(kCpu, 1, 3, 1, 0);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.real("cpu_0_utilization"), std::nullopt);
  EXPECT_EQ(builder.real("cpu_1_utilization"), 75);
}

TEST(RowBuilder, ProcessesAreKeptUntilTheyEndAndDescriptorsAsLastRead) {
  Builder builder;
  builder.add(kProcess, 1u, 10, 5, 0);
  builder.add(kProcess, 2u, 20, 7, 0);
  builder.add(kProcess, 3u, 30, std::nullopt, 0);  // not ours to see
  builder.add(kInfo, 2u, "chrome");
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("system_process_count"), 3);
  EXPECT_EQ(builder.integer("total_open_files"), 12);
  EXPECT_EQ(builder.text("max_files_process"), "chrome(20)");
  EXPECT_EQ(builder.integer("max_files_count"), 7);
  builder.add(kProcess, 2u, 20, std::nullopt, std::nullopt);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("total_open_files"), 12);
  builder.add(kExit, 2u);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("system_process_count"), 2);
  EXPECT_EQ(builder.integer("total_open_files"), 5);
  EXPECT_EQ(builder.text("max_files_process"), "?(10)");
}

TEST(RowBuilder, ASumOfDescriptorsIsNullUntilEveryProcessWasAsked) {
  Builder builder;
  builder.add(kProcess, 1u, 10, 5, 0);
  builder.add(kProcess, 2u, 20, std::nullopt, std::nullopt);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("total_open_files"), std::nullopt);
  EXPECT_EQ(builder.text("max_files_process"), "null");
  builder.add(kProcess, 2u, 20, 1, 0);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("total_open_files"), 6);
}

TEST(RowBuilder, AProcessWithoutAnyRowForThreeTurnsOfKeyRowsIsGone) {
  Builder builder;
  builder.add(kProcess, 1u, 10, 5, 0);
  ASSERT_TRUE(builder.end());
  for (int tick = 0; tick < 400; ++tick) {
    builder.add(kProcess, 2u, 20, 7, 0);
    ASSERT_TRUE(builder.end());
  }
  EXPECT_EQ(builder.integer("system_process_count"), 1);
}

TEST(RowBuilder, ATickThatNobodyToldOfIsNoRow) {
  RowBuilder builder;
  WideRow row;
  EXPECT_FALSE(builder.finish(row));
}

TEST(RowBuilder, LinesForATableThatItDoesNotKnowAreEnoughForItsColumns) {
  Builder builder(kBoxLines);
  builder.add(kBox, "id1", "nginx", 100, 10);
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.names(),
            (std::vector<std::string>{"total", "box_nginx_memory", "box_nginx_sent", "extra",
                                      "box_nginx_sent_per_sec"}));
  builder.add(kBox, "id1", "nginx", 100, 30);
  builder.add(kBox, "id2", "db", 200, 0);
  ASSERT_TRUE(builder.end());
  const std::vector<std::string> names = builder.names();
  EXPECT_EQ((std::vector<std::string>(names.begin() + 5, names.end())),
            (std::vector<std::string>{"box_db_memory", "box_db_sent", "box_db_sent_per_sec"}));
  EXPECT_EQ(builder.real("box_nginx_sent_per_sec"), 20);
  EXPECT_EQ(builder.real("box_db_sent_per_sec"), std::nullopt);
}

TEST(RowBuilder, AFigureOfASlowTableHoldsForItsTimeAndNoLonger) {
  const WideLine lines[] = {WideLine{.name = "box_{}_memory", .table = "box", .columns = {"memory"}}
                                .of("name")
                                .for_at_most(std::chrono::seconds(2))};
  Builder builder(lines);
  builder.add(kBox, "id1", "nginx", 100, 10);
  for (int tick = 0; tick < 3; ++tick) {
    ASSERT_TRUE(builder.end());
    EXPECT_EQ(builder.integer("box_nginx_memory"), 100) << tick;
  }
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("box_nginx_memory"), std::nullopt);
}

TEST(RowBuilder, AColumnOfAnotherTypeIsAsOneThatIsNotThere) {
  constexpr Column columns[] = {key("device", ""), key_number("type", ""), text("io_read", "")};
  const Table disk{"disk", "", columns};
  Builder builder;
  builder.add(disk, "sda", 7, "much");
  ASSERT_TRUE(builder.end());
  EXPECT_EQ(builder.integer("disk_read_bytes"), std::nullopt);
}

}  // namespace
}  // namespace tacho
