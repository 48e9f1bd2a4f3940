// SPDX-License-Identifier: Apache-2.0
// One JSON array with an object for each row, one a line; null where there is no value.
#include <cmath>

#include "views/export/row_writer.h"
#include "views/json_text.h"
#include "views/values.h"

namespace tacho {
namespace {

class JsonWriter final : public RowWriter {
 public:
  JsonWriter(Zone zone, Output& output) : zone_(zone), output_(output) {}

  Result<void> begin(const Schema& schema) override {
    columns_ = columns_of(*schema);
    output_.write("[");
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    std::vector<ColumnView> views;
    for (const ColumnInfo& column : columns_) views.emplace_back(batch, column.name);
    std::string line;
    for (std::int64_t row = 0; row < row_count(batch); ++row) {
      line.assign(is_first_ ? "\n{" : ",\n{");
      is_first_ = false;
      for (std::size_t index = 0; index < columns_.size(); ++index) {
        if (index > 0) line.append(", ");
        append_json_string(line, columns_[index].name);
        line.append(": ");
        append_value(line, columns_[index], views[index], row);
      }
      line.push_back('}');
      if (!output_.write(line)) return false;
    }
    return true;
  }

  Result<void> end() override {
    output_.write("\n]\n");
    return output_.flush();
  }

 private:
  void append_value(std::string& line, const ColumnInfo& column, const ColumnView& values,
                    std::int64_t row) const {
    const bool is_infinite = column.type == Type::real && !std::isfinite(values.real(row));
    if (values.is_null(row) || !column.type || is_infinite) {
      line.append("null");  // JSON has no infinity
    } else if (is_number(column)) {
      line.append(machine_text(column, values, row, zone_));
    } else {
      append_json_string(line, machine_text(column, values, row, zone_));
    }
  }

  Zone zone_;
  Output& output_;
  std::vector<ColumnInfo> columns_;
  bool is_first_ = true;
};

}  // namespace

std::unique_ptr<RowWriter> make_json_writer(Zone zone, Output& output) {
  return std::make_unique<JsonWriter>(zone, output);
}

}  // namespace tacho
