// SPDX-License-Identifier: Apache-2.0
#include "store/part_writer.h"

#include <arrow/io/file.h>
#include <arrow/table.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/saturating.h"
#include "journal/format.h"
#include "store/columns.h"
#include "store/encoding.h"
#include "store/part_format.h"

namespace tacho {
namespace {

// A row group is the step in which rows are read and passed over: ten minutes are little to read
// for a look at an instant, and enough for an entity's values to lie side by side (which is what
// makes them small).
constexpr Nanoseconds kGroupSpan = std::chrono::minutes(10);
// Below this the pages' own overhead (about 100 bytes a column) shows.
constexpr std::int64_t kFewestRows = 20'000;
// 40 columns of 8 bytes: 42 MB in memory, twice while it is sorted.
constexpr std::int64_t kMostRows = 131'072;
// The checksum is of the journal's schema message; in a part it would be of nothing.
Schema without_checksum(const Schema& schema) {
  if (!schema->metadata()) return schema;
  std::vector<std::string> keys, values;
  for (std::int64_t index = 0; index < schema->metadata()->size(); ++index) {
    if (schema->metadata()->key(index) == kKeyChecksum) continue;
    keys.push_back(schema->metadata()->key(index));
    values.push_back(schema->metadata()->value(index));
  }
  return arrow::schema(schema->fields(), arrow::key_value_metadata(keys, values));
}

const std::int64_t* boottime_of(const arrow::RecordBatch& batch) {
  return reinterpret_cast<const std::int64_t*>(words_of(*batch.GetColumnByName("boottime")));
}

}  // namespace

struct PartWriter::State {
  Schema schema;
  int level = 0;
  std::shared_ptr<arrow::io::FileOutputStream> file;
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  arrow::RecordBatchVector gathered;
  std::int64_t gathered_rows = 0;
  std::uint64_t last_tick = 0;
  std::int64_t first_boottime = 0;
  PartContent content;

  // Whether a group of so many rows ends before a row with this boottime.
  bool is_full(std::int64_t rows, std::int64_t boottime) const {
    return rows >= kMostRows ||
           (rows >= kFewestRows && saturating_difference(boottime, first_boottime) >= kGroupSpan.count());
  }

  void gather(Batch batch) {
    if (batch->num_rows() == 0) return;
    if (gathered_rows == 0) first_boottime = boottime_of(*batch)[0];
    last_tick = words_of(*batch->GetColumnByName("tick"))[batch->num_rows() - 1];
    gathered_rows += batch->num_rows();
    gathered.push_back(std::move(batch));
  }

  Result<void> flush() {
    if (gathered_rows == 0) return {};
    Batch group = TRY(checked(arrow::ConcatenateRecordBatches(gathered, reading_pool()), "rows"));
    gathered.clear();
    gathered_rows = 0;
    group = TRY(take_rows(*group, order_by_entity(*group)));
    content.rows += static_cast<std::uint64_t>(group->num_rows());
    content.groups.push_back(digest_of_rows(*group));
    return guarded("the part", [&]() -> Result<void> {
      if (!writer) TRY(open(*group));
      const auto table = arrow::Table::Make(schema, group->columns(), group->num_rows());
      return checked(writer->WriteTable(*table, group->num_rows()), "write a part");
    });
  }

  // The first row group stands for all: the values of a table are of one kind.
  Result<void> open(const arrow::RecordBatch& first_group) {
    const auto encodings = TRY(choose_encodings(first_group, level));
    auto properties = part_properties(*schema, encodings, level);
    auto arrow_properties = parquet::ArrowWriterProperties::Builder().store_schema()->build();
    writer = TRY(checked(parquet::arrow::FileWriter::Open(*schema, reading_pool(), file,
                                                          std::move(properties), arrow_properties),
                         "open the part"));
    return {};
  }
};

PartWriter::PartWriter(std::unique_ptr<State> state) : state_(std::move(state)) {}
PartWriter::~PartWriter() = default;

Result<std::unique_ptr<PartWriter>> PartWriter::create(int descriptor, const Schema& schema,
                                                       int level) {
  return guarded("the part", [&]() -> Result<std::unique_ptr<PartWriter>> {
    auto state = std::make_unique<State>();
    state->schema = without_checksum(schema);
    state->level = level;
    const int copy = dup(descriptor);
    if (copy < 0) return last_system_error("duplicate", "the part's descriptor");
    state->file = TRY(checked(arrow::io::FileOutputStream::Open(copy), "open the part"));
    return std::unique_ptr<PartWriter>(new PartWriter(std::move(state)));
  });
}

// A batch may hold many ticks (the reader joins small ones): it is cut where a group is full.
Result<void> PartWriter::add(const Batch& batch) {
  State& state = *state_;
  state.content.digest += digest_of_rows(*batch);
  const std::uint64_t* ticks = words_of(*batch->GetColumnByName("tick"));
  const std::int64_t* boottime = boottime_of(*batch);
  std::int64_t begin = 0;
  for (std::int64_t row = 0; row < batch->num_rows(); ++row) {
    const std::uint64_t before = row > 0 ? ticks[row - 1] : state.last_tick;
    const std::int64_t rows = state.gathered_rows + row - begin;
    if (rows == 0 || ticks[row] == before) continue;
    if (state.gathered_rows == 0) state.first_boottime = boottime[begin];
    if (!state.is_full(rows, boottime[row])) continue;
    state.gather(batch->Slice(begin, row - begin));
    TRY(state.flush());
    begin = row;
  }
  state.gather(batch->Slice(begin));
  return {};
}

Result<PartContent> PartWriter::finish() {
  TRY(state_->flush());
  return guarded("the part", [&]() -> Result<PartContent> {
    if (!state_->writer)
      TRY(state_->open(
          *TRY(checked(arrow::RecordBatch::MakeEmpty(state_->schema), "write a part"))));
    const auto digests = arrow::key_value_metadata({std::string(kKeyRowDigests)},
                                                   {row_digests_text(state_->content.groups)});
    TRY(checked(state_->writer->AddKeyValueMetadata(digests), "write a part"));
    TRY(checked(state_->writer->Close(), "write a part"));
    TRY(checked(state_->file->Close(), "write a part"));
    return state_->content;
  });
}

}  // namespace tacho
