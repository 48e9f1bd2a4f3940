// SPDX-License-Identifier: Apache-2.0
// Aligned text for people: values in readable units, columns that are null throughout left out.
#include "views/export/row_writer.h"
#include "views/text_table.h"
#include "views/values.h"

namespace tacho {
namespace {

// Rows that are looked at for the widths before the first is printed; the first batch must not wait.
constexpr std::int64_t kRowsForWidths = 500;
// Command lines are long; --format csv has them whole.
constexpr int kWidest = 60;

class TableWriter final : public RowWriter {
 public:
  TableWriter(Zone zone, Output& output) : zone_(zone), output_(output) {}

  Result<void> begin(const Schema& schema) override {
    columns_ = columns_of(*schema);
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    std::vector<ColumnView> views;
    for (const ColumnInfo& column : columns_) views.emplace_back(batch, column.name);
    if (!has_shown_) choose(views, row_count(batch));
    for (std::int64_t row = 0; row < row_count(batch); ++row) {
      std::vector<std::string> cells;
      for (const std::size_t index : shown_)
        cells.push_back(display(columns_[index], views[index], row, zone_));
      table_.add_row(std::move(cells));
      if (table_.rows() >= static_cast<std::size_t>(kRowsForWidths) && !table_.print(output_))
        return false;
    }
    if (!table_.print(output_)) return false;
    TRY(output_.flush());
    return true;
  }

  Result<void> end() override {
    if (!has_shown_) output_.write("no rows\n");
    return output_.flush();
  }

 private:
  // Columns without any value in the first batch say nothing: a machine's hugepages, a kernel's missing field.
  void choose(const std::vector<ColumnView>& views, std::int64_t rows) {
    has_shown_ = true;
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      bool has_value = false;
      for (std::int64_t row = 0; row < rows && !has_value; ++row) has_value = !views[index].is_null(row);
      if (!has_value || columns_[index].name == "boottime") continue;
      shown_.push_back(index);
      table_.add_column(columns_[index].name, is_number(columns_[index]) ? Align::right : Align::left,
                        kWidest);
    }
  }

  Zone zone_;
  Output& output_;
  std::vector<ColumnInfo> columns_;
  std::vector<std::size_t> shown_;
  bool has_shown_ = false;
  TextTable table_;
};

}  // namespace

std::unique_ptr<RowWriter> make_table_writer(Zone zone, Output& output) {
  return std::make_unique<TableWriter>(zone, output);
}

}  // namespace tacho
