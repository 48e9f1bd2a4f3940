// SPDX-License-Identifier: Apache-2.0
// Parquet by row groups, in batches of few rows.
#include <arrow/io/file.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/text.h"
#include "foreign/arrow_values.h"
#include "foreign/numbers.h"
#include "foreign/profiler.h"
#include "foreign/raw_file.h"
#include "foreign/times.h"
#include "journal/format.h"
#include "store/columns.h"

namespace tacho {
namespace {

// A batch's values stay in a core's cache, and a wide file needs little memory.
constexpr std::int64_t kBatchRows = 8192;
constexpr int kMostColumns = 10'000;
constexpr std::int64_t kSecond = 1'000'000'000;

// Where a file says of which zone its times are.
constexpr std::string_view kKeyZone = "tacho.zone";

// A column that is read.
struct Leaf {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  int index = 0;  // among the file's leaves
  std::shared_ptr<const arrow::KeyValueMetadata> metadata = {};
};

// Reads the time column's values, whatever they are.
class ParquetTimes {
 public:
  ParquetTimes() = default;
  ParquetTimes(const arrow::DataType& type, TimeForm form)
      : form_(form),
        reader_(form),
        is_wall_(type.id() == arrow::Type::TIMESTAMP &&
                 static_cast<const arrow::TimestampType&>(type).timezone().empty()) {}

  std::optional<std::int64_t> at(const RawValues& values, std::size_t row) {
    if (values.present[row] == 0) return std::nullopt;
    const auto time = any_at(values, row);
    return time && is_time(*time) ? time : std::nullopt;
  }
  bool saw_naive() const { return is_wall_ || reader_.saw_naive(); }

 private:
  std::optional<std::int64_t> any_at(const RawValues& values, std::size_t row) {
    const auto word = static_cast<std::int64_t>(values.words.empty() ? 0 : values.words[row]);
    const std::int64_t unit = nanoseconds_of(form_);
    std::int64_t time = 0;
    switch (values.type) {
      case Type::timestamp: {
        if (!is_wall_ || !is_time(word)) return word;
        const std::int64_t second = word >= 0 ? word / kSecond : -((kSecond - 1 - word) / kSecond);
        return local_.instant_of(second) * kSecond + (word - second * kSecond);
      }
      case Type::text: {
        const std::int32_t begin = row == 0 ? 0 : values.ends[row - 1];
        return reader_.read(
            {values.bytes.data() + begin, static_cast<std::size_t>(values.ends[row] - begin)});
      }
      case Type::real: {
        const double value = std::bit_cast<double>(word) * static_cast<double>(unit);
        return std::fabs(value) < 9.2e18
                   ? std::optional(static_cast<std::int64_t>(std::llround(value)))
                   : std::nullopt;
      }
      default:
        return __builtin_mul_overflow(word, unit, &time) ? std::nullopt : std::optional(time);
    }
  }

  TimeForm form_ = TimeForm::iso;
  TimeReader reader_{TimeForm::iso};
  LocalTime local_;
  bool is_wall_ = false;
};

class ParquetFile final : public RawFile {
 public:
  explicit ParquetFile(const ForeignFile& file) : file_(file) {}
  Result<Survey> survey() override {
    return guarded(file_.name, [&]() -> Result<Survey> {
      TRY(open());
      return survey_groups();
    });
  }
  Result<void> read(const Survey& survey, const RawRequest& request,
                    const TakeChunk& take) override {
    return guarded(file_.name, [&]() -> Result<void> {
      TRY(open());
      if (survey.columns.size() != leaves_.size() || survey.time_name != time_.name)
        return Error{ErrorCode::corrupt, file_.name + " has changed while it was read"};
      return read_groups(survey, request, take);
    });
  }

 private:
  using TakeBatch = std::function<Result<bool>(const arrow::RecordBatch& batch)>;

  Result<void> open();
  Result<void> find_time();
  Result<TimeForm> form_of_column(const Leaf& leaf);
  Survey description() const;
  Result<Survey> survey_groups();
  Result<void> read_groups(const Survey& survey, const RawRequest& request, const TakeChunk& take);
  Result<bool> each_batch(int group, const std::vector<const Leaf*>& leaves, const TakeBatch& take);
  // The batch's times and columns; rows without a time are left out.
  Result<void> convert(const arrow::RecordBatch& batch, RawChunk& chunk,
                       std::vector<std::uint8_t>& removed);

  const ForeignFile& file_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::vector<Leaf> leaves_;  // without the time column
  Leaf time_;
  TimeForm form_ = TimeForm::iso;
  ParquetTimes times_;
  RawValues time_values_;
  std::vector<std::string> left_out_;
};

Result<void> ParquetFile::open() {
  parquet::ReaderProperties properties(reading_pool());
  properties.enable_buffered_stream();
  parquet::ArrowReaderProperties arrow_properties(/*use_threads=*/false);
  arrow_properties.set_pre_buffer(false);
  arrow_properties.set_batch_size(kBatchRows);
  parquet::arrow::FileReaderBuilder builder;
  // The descriptor is closed with it: this process has no other use for it.
  auto file = TRY(
      checked(arrow::io::ReadableFile::Open(file_.descriptor.get(), reading_pool()), file_.name));
  TRY(checked(builder.Open(std::move(file), properties), file_.name));
  builder.memory_pool(reading_pool())->properties(arrow_properties);
  reader_ = TRY(checked(builder.Build(), file_.name));
  const auto metadata = reader_->parquet_reader()->metadata();
  if (metadata->num_columns() > kMostColumns)
    return Error{ErrorCode::corrupt, file_.name + " has " +
                                         std::to_string(metadata->num_columns()) +
                                         " columns; at most 10000 are read"};
  std::vector<std::string> names;
  for (const auto& field : reader_->manifest().schema_fields) names.push_back(field.field->name());
  names = distinct_names(names);
  leaves_.clear();
  for (std::size_t index = 0; index < names.size(); ++index) {
    const auto& field = reader_->manifest().schema_fields[index];
    if (field.column_index < 0 || !raw_type_of(*field.field->type()))
      left_out_.push_back(names[index] + " (" + field.field->type()->ToString().substr(0, 60) +
                          ")");
    else
      leaves_.push_back(
          {names[index], field.field->type(), field.column_index, field.field->metadata()});
  }
  return find_time();
}

Result<void> ParquetFile::find_time() {
  std::vector<std::string> names;
  for (const Leaf& leaf : leaves_) names.push_back(leaf.name);
  for (const std::size_t index : time_candidates(names)) {
    const Leaf& leaf = leaves_[index];
    const auto type = raw_type_of(*leaf.type);
    if (type != Type::timestamp && !is_time_name(leaf.name)) continue;
    auto form = form_of_column(leaf);
    if (!form) continue;
    time_ = leaf;
    form_ = *form;
    times_ = ParquetTimes(*time_.type, form_);
    leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(index));
    return {};
  }
  return no_time_column(file_.name, names);
}

// By the first value that is there.
Result<TimeForm> ParquetFile::form_of_column(const Leaf& leaf) {
  if (raw_type_of(*leaf.type) == Type::timestamp) return TimeForm::iso;
  std::optional<TimeForm> form;
  bool has_seen = false;
  for (int group = 0; group < reader_->num_row_groups() && !has_seen; ++group)
    TRY(each_batch(group, {&leaf}, [&](const arrow::RecordBatch& batch) -> Result<bool> {
      TRY(read_values(*batch.column(0), time_values_));
      const auto place = std::ranges::find(time_values_.present, 1);
      if (place == time_values_.present.end()) return true;
      const auto row = static_cast<std::size_t>(place - time_values_.present.begin());
      has_seen = true;
      if (time_values_.type == Type::text) {
        const std::int32_t begin = row == 0 ? 0 : time_values_.ends[row - 1];
        form = form_of(std::string_view(time_values_.bytes)
                           .substr(static_cast<std::size_t>(begin),
                                   static_cast<std::size_t>(time_values_.ends[row] - begin)));
      } else {
        const std::uint64_t word = time_values_.words[row];
        form = form_of_number(time_values_.type == Type::real
                                  ? std::bit_cast<double>(word)
                                  : static_cast<double>(static_cast<std::int64_t>(word)));
      }
      return false;
    }));
  if (!form) return Error{ErrorCode::absent, "no times"};
  return *form;
}

Result<bool> ParquetFile::each_batch(int group, const std::vector<const Leaf*>& leaves,
                                     const TakeBatch& take) {
  std::vector<int> indices;
  for (const Leaf* leaf : leaves) indices.push_back(leaf->index);
  auto batches = TRY(checked(reader_->GetRecordBatchReader({group}, indices), file_.name));
  const std::int64_t declared = reader_->parquet_reader()->metadata()->RowGroup(group)->num_rows();
  std::int64_t rows = 0;
  while (true) {
    std::shared_ptr<arrow::RecordBatch> batch;
    TRY(checked(batches->ReadNext(&batch), file_.name));
    if (!batch) break;
    TRY(checked(batch->Validate(), file_.name));
    rows += batch->num_rows();
    if (!TRY(take(*batch))) return false;
  }
  if (rows != declared)
    return Error{ErrorCode::corrupt, file_.name + " is damaged: a row group says that it has " +
                                         std::to_string(declared) + " rows, and has " +
                                         std::to_string(rows)};
  return true;
}

Result<void> ParquetFile::convert(const arrow::RecordBatch& batch, RawChunk& chunk,
                                  std::vector<std::uint8_t>& removed) {
  // The reader gives columns in the order that was asked for: time is the last.
  TRY(read_values(*batch.column(batch.num_columns() - 1), time_values_));
  chunk.times.clear();
  removed.assign(static_cast<std::size_t>(batch.num_rows()), 0);
  for (std::size_t row = 0; row < removed.size(); ++row) {
    const auto time = times_.at(time_values_, row);
    if (time)
      chunk.times.push_back(*time);
    else
      removed[row] = 1;
  }
  chunk.columns.resize(static_cast<std::size_t>(batch.num_columns() - 1));
  for (int column = 0; column + 1 < batch.num_columns(); ++column) {
    RawValues& values = chunk.columns[static_cast<std::size_t>(column)];
    TRY(read_values(*batch.column(column), values));
    if (chunk.times.size() < removed.size()) remove_rows(values, removed);
  }
  return {};
}

// What the file says of itself, before a row is read.
Survey ParquetFile::description() const {
  Survey survey{.format = "Parquet",
                .time_name = time_.name,
                .time_form = std::string(text_of(form_)),
                .left_out = left_out_};
  if (time_.type->id() == arrow::Type::TIMESTAMP) {
    survey.time_form = "timestamps";
    survey.zone = escaped(metadata_of(reader_->manifest().schema_metadata, kKeyZone), 100);
    survey.is_utc = static_cast<const arrow::TimestampType&>(*time_.type).timezone() == "UTC";
  }
  for (const Leaf& leaf : leaves_)
    survey.columns.push_back({.name = leaf.name,
                              .type = static_cast<int>(*raw_type_of(*leaf.type)),
                              .kind = escaped(metadata_of(leaf.metadata, kKeyKind), 20),
                              .unit = escaped(metadata_of(leaf.metadata, kKeyUnit), 40),
                              .help = escaped(metadata_of(leaf.metadata, kKeyDescription), 500)});
  return survey;
}

void extend(Stretch& stretch, const Stretch& part, std::size_t rows) {
  if (stretch.size == 0)
    stretch = {stretch.offset, 0, part.first_tick, part.last_tick, part.low_time, part.high_time};
  stretch.size += rows;
  stretch.last_tick = part.last_tick;
  stretch.low_time = std::min(stretch.low_time, part.low_time);
  stretch.high_time = std::max(stretch.high_time, part.high_time);
}

// Rows that have no time; `before` of the file came before these.
void note_timeless(const std::vector<std::uint8_t>& removed, std::uint64_t before, Survey& survey) {
  const auto lost = static_cast<std::uint64_t>(std::ranges::count(removed, 1));
  if (lost == 0) return;
  if (survey.timeless == 0)
    survey.first_timeless =
        before + 1 + static_cast<std::uint64_t>(std::ranges::find(removed, 1) - removed.begin());
  survey.timeless += lost;
}

Result<Survey> ParquetFile::survey_groups() {
  Survey survey = description();
  std::vector<const Leaf*> leaves;
  for (const Leaf& leaf : leaves_) leaves.push_back(&leaf);
  leaves.push_back(&time_);
  TimeLine line;
  RawChunk chunk;
  Profiler profiler;
  std::vector<std::uint8_t> removed;
  std::uint64_t row = 0;
  for (int group = 0; group < reader_->num_row_groups(); ++group) {
    Stretch stretch{.offset = static_cast<std::uint64_t>(group)};
    TRY(each_batch(group, leaves, [&](const arrow::RecordBatch& batch) -> Result<bool> {
      TRY(convert(batch, chunk, removed));
      note_timeless(removed, row, survey);
      row += removed.size();
      if (chunk.times.empty()) return true;
      profiler.begin(chunk.times);
      for (std::size_t column = 0; column < chunk.columns.size(); ++column) {
        const RawValues& values = chunk.columns[column];
        survey.columns[column].profile.append(profiler.profile_of(values));
        const bool is_number = values.type == Type::integer || values.type == Type::real;
        if (is_number && is_cpu_share(survey.columns[column].name)) profiler.add_to_mean(values);
      }
      survey.cpu_mean.append(profiler.profile_of_mean());
      Stretch part;
      line.append(TimeLine::part_of(chunk.times), part);
      extend(stretch, part, chunk.rows());
      return true;
    }));
    if (stretch.size > 0) survey.stretches.push_back(stretch);
  }
  line.finish(survey);
  survey.is_naive = times_.saw_naive();
  return survey;
}

Result<void> ParquetFile::read_groups(const Survey& survey, const RawRequest& request,
                                      const TakeChunk& take) {
  std::vector<const Leaf*> leaves;
  for (const std::size_t column : request.columns) leaves.push_back(&leaves_[column]);
  leaves.push_back(&time_);
  RawChunk chunk;
  std::vector<std::uint8_t> removed;
  for (const std::size_t index : request.stretches) {
    const Stretch& stretch = survey.stretches[index];
    std::uint64_t tick = stretch.first_tick;
    std::optional<std::int64_t> last;
    const bool goes_on = TRY(each_batch(static_cast<int>(stretch.offset), leaves,
                                        [&](const arrow::RecordBatch& batch) -> Result<bool> {
                                          TRY(convert(batch, chunk, removed));
                                          chunk.ticks.clear();
                                          for (const std::int64_t time : chunk.times) {
                                            tick += last && *last != time ? 1 : 0;
                                            last = time;
                                            chunk.ticks.push_back(tick);
                                          }
                                          return take(chunk);
                                        }));
    if (!goes_on) return {};
  }
  return {};
}

}  // namespace

std::unique_ptr<RawFile> make_parquet_file(const ForeignFile& file) {
  return std::make_unique<ParquetFile>(file);
}

}  // namespace tacho
