// SPDX-License-Identifier: Apache-2.0
// For the row builder alone: what the lines of one table make of its rows, tick by tick.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "schema/rows.h"
#include "wide/mapping.h"
#include "wide/row_view.h"

namespace tacho {

// A value that waits for the end of the tick.
struct WideValue {
  std::optional<std::uint64_t> word;
  std::string text;
  std::int64_t good_until = 0;  // boottime; 0: for this tick alone

  void set(std::int64_t value) { word = std::bit_cast<std::uint64_t>(value); }
  void set(double value) { word = std::bit_cast<std::uint64_t>(value); }
};

class WideSource {
 public:
  explicit WideSource(std::string_view table) : table_(table) {}

  std::string_view table() const { return table_; }
  // Before the first rows.
  void add(const WideLine& line);
  // True when a device was named that was not there before.
  bool observe(const Rows& rows);

  // Of a line for the whole table. The place stays.
  WideValue& value_of(const WideLine& line);
  // Of a line for each device: its values in the order in which devices came.
  struct Named {
    std::string_view device;  // empty: not known yet
    WideValue* value;
  };
  std::size_t devices() const { return entities_.size(); }
  Named value_of(const WideLine& line, std::size_t device) const;

 private:
  // A line, with the places of its columns in the table that is there.
  struct BoundLine {
    const WideLine* line = nullptr;
    std::array<int, WideLine::kMostColumns> indexes{};
    int where = -1, entity = -1;
    WideValue value;  // of a line for the whole table
    // Over the rows of a tick.
    std::optional<std::int64_t> sum;
    std::optional<double> rate;
  };
  using Counters = std::array<std::optional<std::int64_t>, WideLine::kMostColumns>;
  // What of a device's last row is needed for rates, its values of now, and what "{}" stands for:
  // by line.
  struct Entity {
    std::uint64_t turn = 0;
    std::vector<Counters> last;
    std::vector<WideValue> values;
    std::vector<std::string> names;
  };

  std::size_t index_of_line(const WideLine& line) const;
  void bind(const Table& table);
  Entity& entity_of(const RowView& row);
  bool take_row(const RowView& row);
  void add_up(BoundLine& line, const RowView& row, const Counters& now, const Counters& before);
  void take_value(const BoundLine& line, const RowView& row, const Counters& now,
                  const Counters& before, WideValue& value) const;
  double per_second(std::int64_t grown, const WideLine& line) const;
  void keep(const WideLine& line, WideValue& value) const;
  void forget_gone(std::size_t rows);

  static std::optional<std::int64_t> growth(const std::optional<std::int64_t>& now,
                                            const std::optional<std::int64_t>& before);
  static std::optional<double> busy_percent(const Counters& now, const Counters& before);
  static void take_as_it_is(const BoundLine& line, const RowView& row, WideValue& value);

  std::string_view table_;
  std::vector<std::unique_ptr<BoundLine>> lines_;
  const Table* bound_ = nullptr;
  std::vector<int> keys_;
  std::unordered_map<std::string, std::size_t> known_;
  std::vector<std::unique_ptr<Entity>> entities_;
  std::uint64_t turn_ = 0;
  std::int64_t boottime_ = 0, passed_ = 0;  // of the last rows; since those before
};

}  // namespace tacho
