// SPDX-License-Identifier: Apache-2.0
// CSV as RFC 4180 has it: header row, "." as decimal point, ISO 8601 times, empty for null. Text that a
// spreadsheet would take for a formula gets an apostrophe before it.
#include "views/export/row_writer.h"
#include "views/values.h"

namespace tacho {
namespace {

void append_cell(std::string& line, std::string_view text, bool is_text) {
  std::string kept(text);
  if (is_text && !kept.empty() && std::string_view("=+-@\t\r").find(kept.front()) != std::string_view::npos)
    kept.insert(0, "'");
  if (kept.find_first_of(",\"\r\n") == std::string::npos) {
    line.append(kept);
    return;
  }
  line.push_back('"');
  for (const char c : kept) {
    if (c == '"') line.push_back('"');
    line.push_back(c);
  }
  line.push_back('"');
}

class CsvWriter final : public RowWriter {
 public:
  CsvWriter(Zone zone, Output& output) : zone_(zone), output_(output) {}

  Result<void> begin(const Schema& schema) override {
    columns_ = columns_of(*schema);
    std::string line;
    for (const ColumnInfo& column : columns_) {
      if (!line.empty()) line.push_back(',');
      append_cell(line, column.name, true);
    }
    output_.write(line + "\n");
    return {};
  }

  Result<bool> write(const arrow::RecordBatch& batch) override {
    std::vector<ColumnView> views;
    for (const ColumnInfo& column : columns_) views.emplace_back(batch, column.name);
    std::string line;
    for (std::int64_t row = 0; row < row_count(batch); ++row) {
      line.clear();
      for (std::size_t index = 0; index < columns_.size(); ++index) {
        if (index > 0) line.push_back(',');
        append_cell(line, machine_text(columns_[index], views[index], row, zone_),
                    columns_[index].type == Type::text);
      }
      line.push_back('\n');
      if (!output_.write(line)) return false;
    }
    return true;
  }

  Result<void> end() override { return output_.flush(); }

 private:
  Zone zone_;
  Output& output_;
  std::vector<ColumnInfo> columns_;
};

}  // namespace

std::unique_ptr<RowWriter> make_csv_writer(Zone zone, Output& output) {
  return std::make_unique<CsvWriter>(zone, output);
}

}  // namespace tacho
