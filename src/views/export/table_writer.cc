// SPDX-License-Identifier: Apache-2.0
// Aligned text for people: values in readable units, columns that are null throughout left out.
#include <chrono>
#include <numeric>

#include "base/clock.h"
#include "views/export/row_writer.h"
#include "views/text_table.h"
#include "views/turned.h"
#include "views/values.h"

namespace tacho {
namespace {

// Rows that are looked at for the widths before the first is printed; the first batch must not wait.
constexpr std::size_t kRowsForWidths = 500;
// The first rows are not held longer for the rest of them.
constexpr Nanoseconds kPatience = std::chrono::seconds(1);
// Of so few rows, a table that is too wide for a terminal is read more easily when it is turned.
constexpr std::size_t kFewRows = 12;
// Command lines are long; --format csv has them whole.
constexpr int kWidest = 60;

class TableWriter final : public RowWriter {
 public:
  TableWriter(Zone zone, WideRows wide, Output& output, FilledColumns filled)
      : zone_(zone),
        output_(output),
        filled_(std::move(filled)),
        first_limit_(wide == WideRows::turned ? SIZE_MAX : kRowsForWidths),
        holds_(wide == WideRows::turned || output.is_terminal()),
        held_limit_(wide == WideRows::turned ? SIZE_MAX : kFewRows) {}

  Result<void> begin(const Schema& schema) override {
    columns_ = columns_of(*schema);
    has_value_.assign(columns_.size(), false);
    all_.resize(columns_.size());
    std::iota(all_.begin(), all_.end(), 0);
    start_ = clock_.now().boottime;
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    std::vector<ColumnView> views;
    for (const ColumnInfo& column : columns_) views.emplace_back(batch, column.name);
    for (std::int64_t row = 0; row < row_count(batch); ++row) {
      look_for_time(views, row);
      is_chosen_ ? add(cells_of(views, row, shown_)) : hold(views, row);
      if (!holds_ && table_.rows() >= kRowsForWidths && !table_.print(output_)) return false;
    }
    // A search that finds little in much shows what it has.
    if (!is_chosen_ && filled_ && clock_.now().boottime - start_ > kPatience) choose(false);
    if (holds_ || !is_chosen_) return true;
    if (!table_.print(output_)) return false;
    TRY(output_.flush());
    return true;
  }

  Result<void> end() override {
    if (!is_chosen_) choose(true);
    if (!has_rows_) output_.write("no rows\n");
    else if (!held_.empty() && table_.width() > output_.width())
      print_turned(titles_, held_, output_);
    else
      table_.print(output_);
    return output_.flush();
  }

 private:
  // The zone is said once, in the first column of times that has one.
  void look_for_time(const std::vector<ColumnView>& views, std::int64_t row) {
    if (time_column_) return;
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      if (columns_[index].type != Type::timestamp || views[index].is_null(row)) continue;
      moments_.emplace(zone_, Nanoseconds(views[index].integer(row)));
      time_column_ = index;
      return;
    }
    if (!moments_) moments_.emplace(zone_, Nanoseconds::zero());
  }

  // Columns without any value say nothing: a machine's hugepages, a kernel's missing field. `is_all`:
  // no row is still to come.
  void choose(bool is_all) {
    Names nulls;
    for (std::size_t index = 0; index < columns_.size(); ++index)
      if (!has_value_[index]) nulls.insert(columns_[index].name);
    if (!is_all && filled_ && !nulls.empty())
      for (const std::string& name : filled_(nulls)) nulls.erase(name);
    if (nulls.size() == columns_.size()) nulls.clear();  // asked for by name: empty is an answer
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      const std::string& name = columns_[index].name;
      // People read one clock of two.
      if (nulls.contains(name) || (name == "boottime" && time_column_)) continue;
      shown_.push_back(index);
      std::string title = columns_[index].name;
      if (index == time_column_) title += " (" + moments_->title() + ")";
      titles_.push_back(title);
      table_.add_column(std::move(title), is_number(columns_[index]) ? Align::right : Align::left,
                        kWidest);
    }
    is_chosen_ = true;
    for (const auto& all : first_) {
      std::vector<std::string> cells;
      for (const std::size_t index : shown_) cells.push_back(all[index]);
      add(std::move(cells));
    }
    first_.clear();
  }

  std::vector<std::string> cells_of(const std::vector<ColumnView>& views, std::int64_t row,
                                    const std::vector<std::size_t>& columns) const {
    std::vector<std::string> cells;
    for (const std::size_t index : columns)
      cells.push_back(display(columns_[index], views[index], row, *moments_));
    return cells;
  }

  void hold(const std::vector<ColumnView>& views, std::int64_t row) {
    for (std::size_t index = 0; index < columns_.size(); ++index)
      if (!views[index].is_null(row)) has_value_[index] = true;
    first_.push_back(cells_of(views, row, all_));
    if (first_.size() >= first_limit_) choose(false);
  }

  void add(std::vector<std::string> cells) {
    if (holds_) held_.push_back(cells);
    if (held_.size() > held_limit_) {
      holds_ = false;
      held_.clear();
    }
    table_.add_row(std::move(cells));
    has_rows_ = true;
  }

  Zone zone_;
  Output& output_;
  FilledColumns filled_;
  SystemClock clock_;
  Nanoseconds start_{};
  std::vector<ColumnInfo> columns_;
  std::vector<bool> has_value_;  // in the rows so far
  std::optional<Moments> moments_;
  std::optional<std::size_t> time_column_;
  // The first rows, all columns of them, until it is known which are shown.
  std::vector<std::vector<std::string>> first_;
  bool is_chosen_ = false, has_rows_ = false;
  std::vector<std::size_t> all_, shown_;
  TextTable table_;
  // Rows that may be turned in the end.
  std::size_t first_limit_;
  bool holds_;
  std::size_t held_limit_;
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> held_;
};

}  // namespace

std::unique_ptr<RowWriter> make_table_writer(Zone zone, Output& output, WideRows wide,
                                             FilledColumns filled) {
  return std::make_unique<TableWriter>(zone, wide, output, std::move(filled));
}

}  // namespace tacho
