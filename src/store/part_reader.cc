// SPDX-License-Identifier: Apache-2.0
// Sealed parts: Parquet whose digest stands in its name. When it does not match, each row group is
// still taken if all of its values give the digest that sealing has written for it.
#define XXH_INLINE_ALL
#include <arrow/table.h>
#include <fcntl.h>
#include <parquet/arrow/reader.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/statistics.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "base/saturating.h"
#include "base/text.h"
#include "store/columns.h"
#include "store/part_format.h"
#include "store/segment_reader.h"
#include "store/slice_file.h"

namespace tacho {
namespace {

using parquet::Type;

std::optional<ValueRange> range_of(const parquet::ColumnDescriptor& column,
                                   const parquet::Statistics& statistics) {
  if (!statistics.HasMinMax()) return std::nullopt;
  ValueRange range;
  switch (column.physical_type()) {
    case Type::INT64: {
      const auto& typed = static_cast<const parquet::Int64Statistics&>(statistics);
      // An unsigned value above 2^63 is beyond what a range can say.
      if (typed.max() < typed.min()) return std::nullopt;
      range.low = typed.min();
      range.high = typed.max();
      if (column.sort_order() == parquet::SortOrder::UNSIGNED && typed.min() < 0)
        return std::nullopt;
      return range;
    }
    case Type::DOUBLE: {
      const auto& typed = static_cast<const parquet::DoubleStatistics&>(statistics);
      if (std::isnan(typed.min()) || std::isnan(typed.max())) return std::nullopt;
      range.low_real = typed.min();
      range.high_real = typed.max();
      return range;
    }
    case Type::BYTE_ARRAY: {
      const auto& typed = static_cast<const parquet::ByteArrayStatistics&>(statistics);
      const auto text = [](const parquet::ByteArray& bytes) {
        return std::string(reinterpret_cast<const char*>(bytes.ptr), bytes.len);
      };
      range.low_text = text(typed.min());
      range.high_text = text(typed.max());
      return range;
    }
    default:
      return std::nullopt;
  }
}

// `metadata` must outlive what is returned.
RangeOf ranges_of(const parquet::FileMetaData& metadata, int group) {
  return [&metadata, group](std::string_view name) -> std::optional<ValueRange> {
    const int column = metadata.schema()->ColumnIndex(std::string(name));
    if (column < 0) return std::nullopt;
    try {
      const auto statistics = metadata.RowGroup(group)->ColumnChunk(column)->statistics();
      return statistics ? range_of(*metadata.schema()->Column(column), *statistics) : std::nullopt;
    } catch (const std::exception&) {  // they are damaged: nothing is known, and reading tells the rest
      return std::nullopt;
    }
  };
}

std::unique_ptr<parquet::arrow::FileReader> make_reader(const FileSlice& slice) {
  parquet::ReaderProperties properties(reading_pool());
  properties.set_page_checksum_verification(true);
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);  // local files: a second copy would gain nothing
  parquet::arrow::FileReaderBuilder builder;
  PARQUET_THROW_NOT_OK(builder.Open(std::make_shared<SliceFile>(slice), properties));
  builder.memory_pool(reading_pool())->properties(arrow_properties);
  auto reader = builder.Build();
  PARQUET_THROW_NOT_OK(reader.status());
  return std::move(reader).ValueUnsafe();
}

class PartReader final : public SegmentReader {
 public:
  PartReader(std::string table, Segment segment, std::shared_ptr<FindingLog> log)
      : table_(std::move(table)), segment_(std::move(segment)), log_(std::move(log)) {}

  Result<void> start(const TableFolder& table) {
    const FileSlice bytes = TRY(open_part_bytes(table, segment_));
    is_intact_ = TRY(digest_of_slice(bytes, segment_.name)) == segment_.digest;
    return guarded(segment_.name, [&]() -> Result<void> {
      reader_ = make_reader(bytes);
      metadata_ = reader_->parquet_reader()->metadata();
      Schema stored;
      TRY(checked(reader_->GetSchema(&stored), segment_.name));
      std::vector<std::string> left_out;
      auto known = known_columns(stored, left_out);
      if (!known) return Error{known.error().code, segment_.name + ": " + known.error().text};
      schema_ = std::move(known).value();
      for (const std::string& column : left_out)
        log_->add({.table = table_,
                   .file = segment_.name,
                   .what = "column " + column + " has a type that this version does not read"});
      for (int index = 0; index < stored->num_fields(); ++index)
        if (is_known_type(*stored->field(index)->type())) known_.push_back(index);
      columns_ = known_;
      digests_ = parse_row_digests(metadata_of(metadata_->key_value_metadata(), kKeyRowDigests));
      return {};
    });
  }

  const Schema& schema() const override { return schema_; }
  bool is_intact() const override { return is_intact_; }
  bool has_all_columns() const override {
    return schema_->num_fields() == metadata_->num_columns();
  }

  void select(const std::vector<std::string>& columns) override {
    std::set<std::string> names(columns.begin(), columns.end());
    names.insert({"tick", "time", "boottime"});
    columns_.clear();
    for (const int index : known_)
      if (names.contains(metadata_->schema()->Column(index)->name())) columns_.push_back(index);
  }

  Result<SegmentSummary> summary() override {
    return guarded(segment_.name, [&]() -> Result<SegmentSummary> {
      SegmentSummary summary;
      for (int group = 0; group < metadata_->num_row_groups(); ++group) {
        const auto row_group = metadata_->RowGroup(group);
        summary.rows += static_cast<std::uint64_t>(row_group->num_rows());
        const RangeOf range = ranges_of(*metadata_, group);
        const auto widen = [&](const char* name, auto& first, auto& last) {
          using Value = std::remove_cvref_t<decltype(*first)>;
          const auto found = range(name);
          if (!found || !found->low || !found->high) return;
          const auto low = static_cast<Value>(*found->low), high = static_cast<Value>(*found->high);
          first = first ? std::min(*first, low) : low;
          last = last ? std::max(*last, high) : high;
        };
        widen("tick", summary.first_tick, summary.last_tick);
        widen("time", summary.first_time, summary.last_time);
        widen("boottime", summary.first_boottime, summary.last_boottime);
      }
      return summary;
    });
  }

  Result<Batch> next(const ChunkWanted& wanted) override {
    while (group_ < metadata_->num_row_groups()) {
      const int group = group_++;
      if (is_intact_ && wanted && !wanted(ranges_of(*metadata_, group))) continue;
      auto batch = guarded(segment_.name, [&] { return read(group); });
      if (batch && !is_intact_ && !is_as_sealed(**batch, group))
        batch = Error{ErrorCode::corrupt, "its rows are not those that were sealed"};
      if (!batch)
        report(group, batch.error());
      else if ((*batch)->num_rows() > 0)
        return batch;
    }
    return Batch();
  }

 private:
  Result<Batch> read(int group) const {
    const std::string what = segment_.name + ", row group " + std::to_string(group);
    // Row by row the file has been checked when its digest is right; else all columns are needed.
    auto read = reader_->ReadRowGroup(group, is_intact_ ? columns_ : known_);
    auto table = TRY(checked(std::move(read), what));
    Batch batch = TRY(checked(table->CombineChunksToBatch(reading_pool()), what));
    TRY(checked(batch->Validate(), what));
    for (const char* name : {"tick", "time", "boottime"})
      if (const auto column = batch->GetColumnByName(name); !column || column->null_count() > 0)
        return Error{ErrorCode::corrupt, what + ": a null in column " + name};
    return batch;
  }

  bool is_as_sealed(const arrow::RecordBatch& batch, int group) const {
    const auto index = static_cast<std::size_t>(group);
    return index < digests_.size() && batch.ValidateFull().ok() &&
           digest_of_rows(batch) == digests_[index];
  }

  void report(int group, const Error& error) const {
    Finding finding{.table = table_,
                    .file = segment_.name,
                    .what = "row group " + std::to_string(group) + " is damaged: " + error.text};
    try {
      const auto row_group = metadata_->RowGroup(group);
      finding.bytes =
          static_cast<std::uint64_t>(std::max<std::int64_t>(row_group->total_compressed_size(), 0));
      finding.rows = row_group->num_rows();
      const auto boottime = ranges_of(*metadata_, group)("boottime");
      if (boottime && boottime->low && boottime->high)
        finding.span = Nanoseconds(saturating_difference(*boottime->high, *boottime->low));
    } catch (const std::exception&) {
      // The footer itself is damaged: the finding stands without figures.
    }
    log_->add(std::move(finding));
  }

  std::string table_;
  Segment segment_;
  std::shared_ptr<FindingLog> log_;
  bool is_intact_ = false;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<parquet::FileMetaData> metadata_;
  Schema schema_;
  std::vector<int> known_;    // columns that we know the types of
  std::vector<int> columns_;  // of these, what is asked for
  std::vector<std::uint64_t> digests_;
  int group_ = 0;
};

}  // namespace

Result<std::uint64_t> digest_of_slice(const FileSlice& slice, const std::string& name) {
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  TRY(walk_slice(slice, name, [&](std::span<const std::byte> bytes) -> Result<void> {
    XXH3_64bits_update(&state, bytes.data(), bytes.size());
    return {};
  }));
  return static_cast<std::uint64_t>(XXH3_64bits_digest(&state));
}

Result<std::uint64_t> digest_of_file(int descriptor, const std::string& name) {
  struct stat status{};
  const auto file = std::make_shared<FileDescriptor>(fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
  if (!*file || fstat(descriptor, &status) != 0) return last_system_error("look at", escaped(name));
  return digest_of_slice({file, 0, static_cast<std::uint64_t>(status.st_size)}, name);
}

std::uint64_t digest_of_bytes(std::string_view bytes) {
  return XXH3_64bits(bytes.data(), bytes.size());
}

Result<void> take_off_filled_of_part(const TableFolder& table, const Segment& segment,
                                     const ChunkWanted& wanted, std::set<std::string>& columns) {
  const FileSlice bytes = TRY(open_part_bytes(table, segment));
  return guarded(segment.name, [&]() -> Result<void> {
    const auto reader = make_reader(bytes);
    const auto metadata = reader->parquet_reader()->metadata();
    for (int group = 0; group < metadata->num_row_groups() && !columns.empty(); ++group) {
      if (wanted && !wanted(ranges_of(*metadata, group))) continue;
      const auto row_group = metadata->RowGroup(group);
      std::erase_if(columns, [&](const std::string& name) {
        const int column = metadata->schema()->ColumnIndex(name);
        if (column < 0) return false;
        const auto statistics = row_group->ColumnChunk(column)->statistics();
        return !statistics || !statistics->HasNullCount() ||
               statistics->null_count() < row_group->num_rows();
      });
    }
    return {};
  });
}

Result<std::unique_ptr<SegmentReader>> open_part(const TableFolder& table, const Segment& segment,
                                                 std::shared_ptr<FindingLog> log) {
  auto reader = std::make_unique<PartReader>(table.name, segment, log);
  TRY(reader->start(table));
  if (!reader->is_intact())
    log->add({.table = table.name,
              .file = segment.name,
              .what = "its content does not match the digest in its name: it was damaged"});
  return std::unique_ptr<SegmentReader>(std::move(reader));
}

}  // namespace tacho
