// SPDX-License-Identifier: Apache-2.0
// For the tests of collectors: a machine that is a folder, a clock that stands until it is moved,
// and a collector's rows by the names of their columns.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cstdlib>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "collectors/collector.h"
#include "collectors/events.h"
#include "collectors/registry.h"
#include "collectors/self_statistics.h"

namespace tacho::fixture {

class StandingClock final : public Clock {
 public:
  Instant now() override { return instant; }
  bool sleep_until(Nanoseconds, int) override { return true; }
  void advance(Nanoseconds by) {
    instant.time += by;
    instant.boottime += by;
    instant.monotonic += by;
  }
  Instant instant{std::chrono::seconds(1'763'990'000), std::chrono::seconds(1000),
                  std::chrono::seconds(1000)};
};

// A machine of tests/fixtures, as it is.
class Captured {
 public:
  explicit Captured(std::string_view name)
      : folder_(std::filesystem::path(TACHO_FIXTURES) / name) {}
  Captured(const Captured&) = delete;
  std::string folder() const { return folder_.string(); }

 protected:
  Captured() = default;
  std::filesystem::path folder_;
};

// A folder of our own with a machine's files, empty or copied from tests/fixtures, to be changed.
class Machine final : public Captured {
 public:
  Machine() {
    std::string pattern = std::filesystem::temp_directory_path() / "tacho-machine-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) std::abort();
    folder_ = pattern;
  }
  explicit Machine(std::string_view captured) : Machine() {
    std::filesystem::copy(std::filesystem::path(TACHO_FIXTURES) / captured, folder_,
                          std::filesystem::copy_options::recursive |
                              std::filesystem::copy_options::copy_symlinks);
  }
  ~Machine() { std::filesystem::remove_all(folder_); }

  // Writes over the file that is there, as the kernel does: a descriptor on it sees the new text.
  void write(std::string_view path, std::string_view text) {
    const auto file = folder_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }
  void link(std::string_view path, std::string_view target) {
    const auto file = folder_ / path;
    std::filesystem::create_directories(file.parent_path());
    std::filesystem::create_symlink(target, file);
  }
  void remove(std::string_view path) { std::filesystem::remove_all(folder_ / path); }
};

inline const CollectorInfo& collector(std::string_view name) {
  for (const CollectorInfo* info : all_collectors())
    if (info->name() == name) return *info;
  std::abort();
}

// A collector on such a machine, one turn a second.
class Watch {
 public:
  // `settings`: "option=value" of the collector's own.
  Watch(std::string_view name, const Captured& machine, std::vector<std::string> settings = {},
        int command = 0, LifeSource* lives = nullptr, CommandUsage* usage = nullptr)
      : root_(Root::open(machine.folder()).value()) {
    const CollectorInfo& info = collector(name);
    for (const std::string& setting : settings)
      EXPECT_TRUE(settings_.set(std::string(name) + "." + setting));
    for (const Table* table : info.tables) rows_.emplace_back(*table);
    const CollectorEnvironment environment{.root = root_,
                                           .settings = settings_,
                                           .clock = clock,
                                           .events = &events,
                                           .statistics = &statistics,
                                           .command_usage = usage,
                                           .lives = lives,
                                           .command = command};
    auto made = info.create(environment);
    if (made) {
      collector_ = std::move(made).value();
    } else {
      error = made.error();
    }
  }

  // One turn; `after` the last one.
  Result<void> turn(bool repeat_all = false, Nanoseconds after = std::chrono::seconds(1)) {
    clock.advance(after);
    const Instant now = clock.now();
    for (Rows& rows : rows_)
      rows.begin({tick_, now.time.count(), now.boottime.count()});
    ++tick_;
    Collection into(rows_, repeat_all, clock);
    return collector_->collect(into);
  }

  bool made() const { return collector_ != nullptr; }
  std::size_t size(std::size_t table = 0) const { return rows_[table].size(); }
  Coverage coverage() const {
    Coverage coverage;
    collector_->report_coverage(coverage);
    return coverage;
  }

  // A cell, by the column's name; nothing when it is null.
  std::optional<std::int64_t> number(std::size_t row, std::string_view name,
                                     std::size_t table = 0) const {
    const ColumnData* data = present(row, name, table);
    if (data == nullptr) return std::nullopt;
    return static_cast<std::int64_t>(data->words[row]);
  }
  std::optional<double> real(std::size_t row, std::string_view name,
                             std::size_t table = 0) const {
    const ColumnData* data = present(row, name, table);
    if (data == nullptr) return std::nullopt;
    return std::bit_cast<double>(data->words[row]);
  }
  std::optional<std::string> text(std::size_t row, std::string_view name,
                                  std::size_t table = 0) const {
    const ColumnData* data = present(row, name, table);
    if (data == nullptr) return std::nullopt;
    const std::size_t begin = row == 0 ? 0 : static_cast<std::size_t>(data->ends[row - 1]);
    return data->bytes.substr(begin, static_cast<std::size_t>(data->ends[row]) - begin);
  }
  // The first row whose text in `name` is `value`.
  std::optional<std::size_t> row_where(std::string_view name, std::string_view value) const {
    for (std::size_t row = 0; row < rows_[0].size(); ++row)
      if (text(row, name) == value) return row;
    return std::nullopt;
  }

  StandingClock clock;
  EventQueue events;
  SelfStatistics statistics;
  Error error;  // why there is no collector

 private:
  const ColumnData* present(std::size_t row, std::string_view name, std::size_t table) const {
    const Rows& rows = rows_[table];
    const auto columns = rows.table().columns;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (columns[i].name != name) continue;
      const ColumnData& data = rows.columns()[kStampColumns + i];
      if (row >= rows.size()) return nullptr;
      return (data.present[row / 64] >> (row % 64) & 1) != 0 ? &data : nullptr;
    }
    ADD_FAILURE() << "no column " << name;
    return nullptr;
  }

  Settings settings_;
  Root root_;
  std::vector<Rows> rows_;
  std::unique_ptr<Collector> collector_;
  std::uint64_t tick_ = 0;
};

}  // namespace tacho::fixture
