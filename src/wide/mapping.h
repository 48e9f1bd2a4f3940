// SPDX-License-Identifier: Apache-2.0
// What the columns of the wide file are made from: one line for each column or family of columns.
// The names are those of the system tracer that the file takes the place of.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "schema/table.h"

namespace tacho {

struct WideLine {
  enum class How : std::uint8_t {
    value,       // the column as it is
    less,        // the first column without the second
    percent,     // the first column in percent of the second
    sum,         // over all rows of the tick
    rate,        // a second, since the row before; over all rows: the sum of their rates
    busy,        // percent of the time in `columns` that was in neither of the first two
    living,      // processes that live
    living_sum,  // the first column, as last known, over all of them; the second says who was asked
    living_most,      // the largest of these,
    living_most_name  // and whose it is: name(pid)
  };
  static constexpr std::size_t kMostColumns = 8;

  // "{}" stands for the entity's name. Lines of one table that stand together are written entity by
  // entity.
  std::string_view name;
  std::string_view table;
  How how = How::value;
  std::array<std::string_view, kMostColumns> columns = {};
  std::string_view unit;
  std::string_view help;
  Type type = Type::integer;
  // The column whose value names the entity; empty: one column for the whole table.
  std::string_view entity = {};
  // Rows alone in which the column `where` is `is`; empty: all.
  std::string_view where = {}, is = {};
  std::int64_t divisor = 1;
  // How long a figure holds when its table is read less often than at every tick.
  std::chrono::nanoseconds keeps{};

  constexpr WideLine of(std::string_view column) const {
    WideLine line = *this;
    line.entity = column;
    return line;
  }
  constexpr WideLine only(std::string_view column, std::string_view value) const {
    WideLine line = *this;
    line.where = column;
    line.is = value;
    return line;
  }
  constexpr WideLine over(std::int64_t by) const {
    WideLine line = *this;
    line.divisor = by;
    return line;
  }
  constexpr WideLine for_at_most(std::chrono::nanoseconds time) const {
    WideLine line = *this;
    line.keeps = time;
    return line;
  }
  constexpr bool is_of_processes() const { return how >= How::living; }
};

// In the order of the file's columns.
std::span<const WideLine> wide_lines();

// The tables that these lines are made from, each once; `system` says which ticks there are.
std::vector<std::string_view> wide_tables(std::span<const WideLine> lines = wide_lines());
// The columns of a table that these lines name.
std::vector<std::string_view> wide_columns_of(std::string_view table,
                                              std::span<const WideLine> lines = wide_lines());

// Processes come from three tables.
namespace wide_process {
inline constexpr std::string_view kFigures = "process", kInfo = "process_info",
                                  kExit = "process_exit";
inline constexpr std::string_view kNumber = "process", kPid = "pid", kCommand = "command";
}  // namespace wide_process
inline constexpr std::string_view kWideTicks = "system";

}  // namespace tacho
