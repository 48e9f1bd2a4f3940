// SPDX-License-Identifier: Apache-2.0
#include "query/last.h"

#include <algorithm>
#include <vector>

namespace tacho {
namespace {

// A stream of what was read already.
class ReadRows final : public RowStream {
 public:
  ReadRows(Schema schema, std::vector<Batch> batches)
      : schema_(std::move(schema)), batches_(std::move(batches)) {}
  const Schema& schema() const override { return schema_; }
  Result<Batch> next() override { return at_ < batches_.size() ? batches_[at_++] : Batch(); }

 private:
  Schema schema_;
  std::vector<Batch> batches_;
  std::size_t at_ = 0;
};

// From which tick on there may be enough; nothing where that is not known.
std::optional<std::int64_t> begin_of_end(const Recording& recording, std::string_view table,
                                         std::int64_t count) {
  // Its late rows are put where they belong: it is read whole anyway.
  if (table == "event" && !recording.is_foreign()) return std::nullopt;
  const auto summary = recording.summary(table);
  // A journal's last tick is known only by reading all of it.
  if (!summary || !summary->last_tick || !summary->first_tick || summary->live > 0) return std::nullopt;
  const auto first = static_cast<std::int64_t>(*summary->first_tick),
             last = static_cast<std::int64_t>(*summary->last_tick);
  if (last - first < count) return std::nullopt;
  return last - count + 1;
}

}  // namespace

Result<Stream> last_rows_of(const Recording& recording, std::string_view table, std::int64_t count) {
  if (const auto from = begin_of_end(recording, table, count)) {
    Stream rows =
        TRY(recording.scan(table, {.range = {.axis = Range::Axis::tick, .from = *from, .to = {}}}));
    rows = TRY(last_rows(std::move(rows), count));
    std::vector<Batch> batches;
    std::int64_t found = 0;
    while (Batch batch = TRY(rows->next())) {
      found += row_count(*batch);
      batches.push_back(std::move(batch));
    }
    if (found >= count) return Stream(std::make_unique<ReadRows>(rows->schema(), std::move(batches)));
  }
  return last_rows(TRY(recording.scan(table)), count);
}

}  // namespace tacho
