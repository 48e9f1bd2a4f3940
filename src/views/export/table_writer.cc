// SPDX-License-Identifier: Apache-2.0
// Aligned text for people: values in readable units, columns that are null throughout left out.
#include "views/export/row_writer.h"
#include "views/text_table.h"
#include "views/turned.h"
#include "views/values.h"

namespace tacho {
namespace {

// Rows that are looked at for the widths before the first is printed; the first batch must not wait.
constexpr std::size_t kRowsForWidths = 500;
// Of so few rows, a table that is too wide for a terminal is read more easily when it is turned.
constexpr std::size_t kFewRows = 12;
// Command lines are long; --format csv has them whole.
constexpr int kWidest = 60;

class TableWriter final : public RowWriter {
 public:
  TableWriter(Zone zone, WideRows wide, Output& output)
      : zone_(zone),
        output_(output),
        holds_(wide == WideRows::turned || output.is_terminal()),
        held_limit_(wide == WideRows::turned ? SIZE_MAX : kFewRows) {}

  Result<void> begin(const Schema& schema) override {
    columns_ = columns_of(*schema);
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    std::vector<ColumnView> views;
    for (const ColumnInfo& column : columns_) views.emplace_back(batch, column.name);
    if (!moments_) choose(views, row_count(batch));
    for (std::int64_t row = 0; row < row_count(batch); ++row) {
      std::vector<std::string> cells;
      for (const std::size_t index : shown_)
        cells.push_back(display(columns_[index], views[index], row, *moments_));
      if (holds_) held_.push_back(cells);
      if (held_.size() > held_limit_) release();
      table_.add_row(std::move(cells));
      if (!holds_ && table_.rows() >= kRowsForWidths && !table_.print(output_)) return false;
    }
    if (holds_) return true;
    if (!table_.print(output_)) return false;
    TRY(output_.flush());
    return true;
  }

  Result<void> end() override {
    if (!moments_) output_.write("no rows\n");
    else if (!held_.empty() && table_.width() > output_.width())
      print_turned(titles_, held_, output_);
    else if (holds_)
      table_.print(output_);
    return output_.flush();
  }

 private:
  void release() {
    holds_ = false;
    held_.clear();
  }

  // Columns without any value in the first batch say nothing: a machine's hugepages, a kernel's
  // missing field.
  void choose(const std::vector<ColumnView>& views, std::int64_t rows) {
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      std::int64_t row = 0;
      while (row < rows && views[index].is_null(row)) ++row;
      if (row == rows || columns_[index].name == "boottime") continue;
      shown_.push_back(index);
      std::string title = columns_[index].name;
      // The zone is said once.
      if (!moments_ && columns_[index].type == Type::timestamp) {
        moments_.emplace(zone_, Nanoseconds(views[index].integer(row)));
        title += " (" + moments_->title() + ")";
      }
      titles_.push_back(title);
      table_.add_column(std::move(title), is_number(columns_[index]) ? Align::right : Align::left,
                        kWidest);
    }
    if (!moments_) moments_.emplace(zone_, Nanoseconds::zero());
  }

  Zone zone_;
  Output& output_;
  std::vector<ColumnInfo> columns_;
  std::vector<std::size_t> shown_;
  std::optional<Moments> moments_;  // set with the first rows
  TextTable table_;
  // Rows that may be turned in the end.
  bool holds_;
  std::size_t held_limit_;
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> held_;
};

}  // namespace

std::unique_ptr<RowWriter> make_table_writer(Zone zone, Output& output, WideRows wide) {
  return std::make_unique<TableWriter>(zone, wide, output);
}

}  // namespace tacho
