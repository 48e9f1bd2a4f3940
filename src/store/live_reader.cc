// SPDX-License-Identifier: Apache-2.0
// Live files: the batches that JournalReader has found whole, decoded by Arrow.
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/options.h>
#include <arrow/ipc/reader.h>

#include <algorithm>
#include <set>

#include "base/saturating.h"
#include "journal/journal_reader.h"
#include "store/columns.h"
#include "store/segment_reader.h"

namespace tacho {
namespace {

// Batches are joined to chunks of about so many rows: one-row batches would cost more in handling
// than in reading, and the first rows must come soon.
constexpr std::int64_t kChunkRows = 8192;

// Bytes of the map, which lives as long as any batch that uses it.
class MappedBuffer final : public arrow::Buffer {
 public:
  MappedBuffer(std::span<const std::byte> bytes, std::shared_ptr<const JournalReader> owner)
      : arrow::Buffer(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                      static_cast<std::int64_t>(bytes.size())),
        owner_(std::move(owner)) {}

 private:
  std::shared_ptr<const JournalReader> owner_;
};

class LiveReader final : public SegmentReader {
 public:
  LiveReader(std::string table, Segment segment, std::shared_ptr<FileDescriptor> folder,
             std::shared_ptr<FindingLog> log)
      : table_(std::move(table)),
        segment_(std::move(segment)),
        folder_(std::move(folder)),
        log_(std::move(log)),
        options_(arrow::ipc::IpcReadOptions::Defaults()) {
    options_.memory_pool = reading_pool();
    options_.use_threads = false;
  }

  Result<void> start(const std::function<Result<Schema>()>& fallback) {
    reader_ =
        std::make_shared<JournalReader>(TRY(JournalReader::open(folder_->get(), segment_.name)));
    if (auto own = decode_schema()) {
      stored_ = std::move(own).value();
    } else {
      auto other = fallback ? fallback() : Result<Schema>(Error{ErrorCode::corrupt, "none"});
      if (!other)
        return Error{ErrorCode::corrupt, segment_.name +
                                             ": its schema is damaged, and no other file of the "
                                             "table has one to read it by"};
      stored_ = std::move(other).value();
    }
    std::vector<std::string> left_out;
    auto known = known_columns(stored_, left_out);
    if (!known) return Error{known.error().code, segment_.name + ": " + known.error().text};
    schema_ = std::move(known).value();
    for (const std::string& column : left_out)
      log_->add({.table = table_,
                 .file = segment_.name,
                 .what = "column " + column + " has a type that this version does not read"});
    select_all();
    return {};
  }

  const Schema& schema() const override { return schema_; }
  bool is_intact() const override { return reader_->schema_is_intact(); }
  bool has_all_columns() const override { return schema_->num_fields() == stored_->num_fields(); }

  void select(const std::vector<std::string>& columns) override {
    std::set<std::string> names(columns.begin(), columns.end());
    names.insert({"tick", "time", "boottime"});
    options_.included_fields.clear();
    for (int index = 0; index < stored_->num_fields(); ++index)
      if (names.contains(stored_->field(index)->name()) &&
          is_known_type(*stored_->field(index)->type()))
        options_.included_fields.push_back(index);
  }

  Result<Batch> next(const ChunkWanted&) override {
    arrow::RecordBatchVector batches;
    std::int64_t rows = 0;
    while (rows < kChunkRows && !is_at_end_) {
      const auto found = reader_->next();
      collect_damage();
      if (!found) {
        is_at_end_ = true;
        report_damage(std::nullopt);
        break;
      }
      auto batch = decode(*found);
      if (!batch) {
        log_->add({.table = table_,
                   .file = segment_.name,
                   .what = batch.error().text,
                   .bytes = found->metadata.size() + found->body.size()});
        continue;
      }
      if ((*batch)->num_rows() == 0) continue;
      note_rows(**batch);
      rows += (*batch)->num_rows();
      batches.push_back(std::move(batch).value());
    }
    if (batches.empty()) return Batch();
    if (batches.size() == 1) return batches.front();
    return checked(arrow::ConcatenateRecordBatches(batches, reading_pool()), segment_.name);
  }

  Result<SegmentSummary> summary() override {
    LiveReader whole(table_, segment_, folder_, std::make_shared<FindingLog>());
    TRY(whole.start([this] { return Result<Schema>(stored_); }));
    whole.select({});
    SegmentSummary summary;
    while (true) {
      const Batch batch = TRY(whole.next({}));
      if (!batch) return summary;
      const std::int64_t last = batch->num_rows() - 1;
      const auto value = [&](const char* name, std::int64_t row) {
        return words_of(*batch->GetColumnByName(name))[row];
      };
      const auto time = [&](const char* name, std::int64_t row) {
        return static_cast<std::int64_t>(value(name, row));
      };
      if (summary.rows == 0) {
        summary.first_tick = value("tick", 0);
        summary.first_time = time("time", 0);
        summary.first_boottime = time("boottime", 0);
      }
      summary.rows += static_cast<std::uint64_t>(batch->num_rows());
      summary.last_tick = value("tick", last);
      summary.last_time = time("time", last);
      summary.last_boottime = time("boottime", last);
    }
  }

 private:
  Result<Schema> decode_schema() const {
    // Arrow takes a message of another kind for a schema, and reads anywhere.
    if (!reader_->schema_is_intact()) return Error{ErrorCode::corrupt, "it has no schema"};
    return guarded(segment_.name, [&]() -> Result<Schema> {
      auto message = TRY(checked(
          arrow::ipc::Message::Open(std::make_shared<MappedBuffer>(reader_->schema(), reader_),
                                    std::make_shared<arrow::Buffer>(nullptr, 0)),
          segment_.name));
      arrow::ipc::DictionaryMemo memo;
      return checked(arrow::ipc::ReadSchema(*message, &memo), segment_.name);
    });
  }

  Result<Batch> decode(const JournalBatch& found) const {
    const std::string what = segment_.name + ", batch " + std::to_string(found.sequence);
    return guarded(what, [&]() -> Result<Batch> {
      auto message = TRY(
          checked(arrow::ipc::Message::Open(std::make_shared<MappedBuffer>(found.metadata, reader_),
                                            std::make_shared<MappedBuffer>(found.body, reader_)),
                  what));
      arrow::ipc::DictionaryMemo memo;
      Batch batch =
          TRY(checked(arrow::ipc::ReadRecordBatch(*message, stored_, &memo, options_), what));
      // The checksum says that it is what was written, not that it was written by us.
      TRY(checked(batch->ValidateFull(), what));
      for (const char* name : {"tick", "time", "boottime"})
        if (batch->GetColumnByName(name)->null_count() > 0)
          return Error{ErrorCode::corrupt, what + ": a null in column " + name};
      return batch;
    });
  }

  void select_all() {
    std::vector<std::string> names;
    for (const auto& field : schema_->fields()) names.push_back(field->name());
    select(names);
  }

  // Damage is reported when the rows behind it are known, with the time that was lost.
  void collect_damage() {
    const auto& damage = reader_->damage();
    for (; noted_ < damage.size(); ++noted_) {
      const JournalDamage& place = damage[noted_];
      std::string what = place.what + " at byte " + std::to_string(place.offset);
      if (place.missing_batches > 0)
        what += ", " + std::to_string(place.missing_batches) + " batches missing";
      pending_.push_back({.lost_rows = place.missing_batches > 0,
                          .finding = {.table = table_,
                                      .file = segment_.name,
                                      .what = std::move(what),
                                      .bytes = place.bytes}});
    }
  }

  void report_damage(std::optional<std::int64_t> boottime) {
    for (Pending& pending : pending_) {
      if (pending.lost_rows && boottime && last_boottime_)
        pending.finding.span = Nanoseconds(saturating_difference(*boottime, *last_boottime_));
      log_->add(std::move(pending.finding));
    }
    pending_.clear();
  }

  void note_rows(const arrow::RecordBatch& batch) {
    const auto* boottime =
        reinterpret_cast<const std::int64_t*>(words_of(*batch.GetColumnByName("boottime")));
    report_damage(boottime[0]);
    last_boottime_ = boottime[batch.num_rows() - 1];
  }

  struct Pending {
    bool lost_rows = false;
    Finding finding;
  };

  std::string table_;
  Segment segment_;
  std::shared_ptr<FileDescriptor> folder_;
  std::shared_ptr<FindingLog> log_;
  std::shared_ptr<JournalReader> reader_;
  Schema stored_;  // as in the file
  Schema schema_;  // the columns that we know
  arrow::ipc::IpcReadOptions options_;
  bool is_at_end_ = false;
  std::size_t noted_ = 0;
  std::vector<Pending> pending_;
  std::optional<std::int64_t> last_boottime_;
};

}  // namespace

Result<std::unique_ptr<SegmentReader>> open_live(const TableFolder& table, const Segment& segment,
                                                 std::shared_ptr<FindingLog> log,
                                                 const std::function<Result<Schema>()>& fallback) {
  auto reader = std::make_unique<LiveReader>(table.name, segment, table.folder, std::move(log));
  TRY(reader->start(fallback));
  return std::unique_ptr<SegmentReader>(std::move(reader));
}

}  // namespace tacho
