// SPDX-License-Identifier: Apache-2.0
// Rows for people that are sorted by any of their columns, of which as many are kept as are shown, and
// that fit a terminal.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "views/output.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {

// What a row is sorted by. One that is unknown comes last, whichever way is sorted.
struct SortValue {
  bool is_known = false;
  std::int64_t number = 0;
  std::string_view text;
  static SortValue of(std::optional<std::int64_t> number) {
    return {number.has_value(), number.value_or(0), {}};
  }
  static SortValue of(std::string_view text) { return {!text.empty(), 0, text}; }
};

template <class Row>
struct ListColumn {
  std::string_view name;  // as --sort has it
  std::string_view title;
  Align align = Align::left;
  // Sorts by it: the largest and newest first, but text from a to z.
  enum class First : std::uint8_t { largest, smallest } first = First::largest;
  std::function<SortValue(const Row&)> value;
  std::function<std::string(const Row&)> show;  // empty: unknown
  // On a narrow terminal the highest go first; 0: never.
  int goes = 0;
  bool only_when_sorted = false;  // else it is left out
};

struct ListOrder {
  std::size_t column = 0;
  bool is_turned = false;
};

// "cpu", "-cpu"; `invalid` and the names there are for another one.
template <class Row>
Result<ListOrder> order_of(const std::vector<ListColumn<Row>>& columns, std::string_view text,
                           bool reverse) {
  ListOrder order;
  std::string_view name = text;
  if (name.starts_with('-')) {
    name.remove_prefix(1);
    order.is_turned = true;
  }
  if (reverse) order.is_turned = !order.is_turned;
  const auto found = std::ranges::find(columns, name, &ListColumn<Row>::name);
  if (found == columns.end()) {
    std::string names;
    for (const auto& column : columns)
      names += (names.empty() ? "" : ", ") + std::string(column.name);
    return Error{ErrorCode::invalid, "--sort: there is no '" + std::string(text.substr(0, 40)) +
                                         "' here, but " + names + "; for example --sort " +
                                         std::string(columns.back().name)};
  }
  order.column = static_cast<std::size_t>(found - columns.begin());
  return order;
}

// Does `a` come before `b`?
template <class Row>
bool comes_first(const ListColumn<Row>& column, bool is_turned, const Row& a, const Row& b) {
  const SortValue left = column.value(a), right = column.value(b);
  if (left.is_known != right.is_known) return left.is_known;
  const bool downwards = (column.first == ListColumn<Row>::First::largest) != is_turned;
  if (left.number != right.number)
    return downwards ? left.number > right.number : left.number < right.number;
  return downwards ? left.text > right.text : left.text < right.text;
}

// The first `most` rows in an order, of any number that are added; holds twice as many. Equal ones stay
// in the order of their coming.
template <class Row>
class FirstRows {
 public:
  FirstRows(const ListColumn<Row>& column, bool is_turned, std::size_t most)
      : column_(column), is_turned_(is_turned), most_(most) {}

  void add(const Row& row) {
    ++count_;
    if (has_last_ && !before(row, rows_[most_ - 1])) return;
    rows_.push_back(row);
    if (rows_.size() >= 2 * most_) shorten();
  }
  std::size_t count() const { return count_; }
  // In order; what was added is gone from here.
  std::vector<Row> take() {
    shorten();
    return std::move(rows_);
  }

 private:
  bool before(const Row& a, const Row& b) const { return comes_first(column_, is_turned_, a, b); }
  void shorten() {
    std::ranges::stable_sort(rows_, [this](const Row& a, const Row& b) { return before(a, b); });
    if (rows_.size() < most_) return;
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(most_), rows_.end());
    has_last_ = true;
  }

  const ListColumn<Row>& column_;
  bool is_turned_;
  std::size_t most_, count_ = 0;
  bool has_last_ = false;
  std::vector<Row> rows_;
};

// Which columns fit beside each other when each is as wide as `widths` says: on a terminal those with
// the highest `goes` are left out until `room` is enough for the last, which holds the names.
std::vector<std::size_t> columns_that_fit(const std::vector<int>& widths, const std::vector<int>& goes,
                                          int room);
// Told below a table: what was left out.
void print_left_out(const std::vector<std::string_view>& titles, Output& output);
// Of a cell, in a terminal's columns.
int cell_width(const std::string& text);

template <class Row>
void print_rows(const std::vector<ListColumn<Row>>& all, std::optional<std::size_t> sorted,
                const std::vector<Row>& rows, Output& output, std::string_view indent = "") {
  // Where no terminal sets the limit: of a command line.
  constexpr int kWidest = 160;
  std::vector<const ListColumn<Row>*> columns;
  std::vector<int> widths, goes;
  for (std::size_t index = 0; index < all.size(); ++index) {
    if (all[index].only_when_sorted && index != sorted) continue;
    columns.push_back(&all[index]);
    widths.push_back(cell_width(std::string(all[index].title)));
    goes.push_back(index == sorted ? 0 : all[index].goes);
  }
  std::vector<std::vector<std::string>> cells;
  for (const Row& row : rows) {
    auto& line = cells.emplace_back();
    for (std::size_t index = 0; index < columns.size(); ++index) {
      line.push_back(columns[index]->show(row));
      widths[index] = std::max(widths[index], cell_width(line.back()));
    }
  }
  const int room = output.is_terminal() ? output.width() - cell_width(std::string(indent)) : INT32_MAX;
  const auto kept = columns_that_fit(widths, goes, room);
  TextTable table;
  for (const std::size_t index : kept)
    table.add_column(std::string(columns[index]->title), columns[index]->align, kWidest);
  for (auto& line : cells) {
    std::vector<std::string> shown;
    for (const std::size_t index : kept) shown.push_back(std::move(line[index]));
    table.add_row(std::move(shown));
  }
  table.print(output, indent);
  std::vector<std::string_view> left_out;
  for (std::size_t index = 0; index < columns.size(); ++index)
    if (std::ranges::find(kept, index) == kept.end()) left_out.push_back(columns[index]->title);
  if (!left_out.empty()) print_left_out(left_out, output);
}

}  // namespace tacho
