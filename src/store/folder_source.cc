// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"
#include "store/source.h"

namespace tacho {
namespace {

class FolderTable final : public TableSource {
 public:
  FolderTable(TableFolder folder, std::string recording)
      : folder_(std::move(folder)), recording_(std::move(recording)) {}

  const std::string& name() const override { return folder_.name; }
  std::uint64_t size() const override { return folder_.size; }
  const std::vector<Segment>& segments() const override { return folder_.segments; }

  // All files of a recording are written by one program: the newest stands for all.
  Result<Schema> schema() const override {
    for (auto segment = folder_.segments.rbegin(); segment != folder_.segments.rend(); ++segment) {
      auto reader = open_segment(folder_, *segment, std::make_shared<FindingLog>());
      if (!reader || (!(*reader)->is_intact() && std::next(segment) != folder_.segments.rend()))
        continue;
      return (*reader)->schema();
    }
    auto schema = find_schema(folder_, "");
    if (!schema) return Error{ErrorCode::corrupt, escaped(recording_) + ": " + schema.error().text};
    return schema;
  }

  Result<std::unique_ptr<SegmentReader>> open(const Segment& segment,
                                              std::shared_ptr<FindingLog> log) const override {
    return open_segment(folder_, segment, std::move(log));
  }

  Result<void> take_off_filled(const Segment& segment, const ChunkWanted& wanted,
                               std::set<std::string>& columns) const override {
    return tacho::take_off_filled(folder_, segment, wanted, columns);
  }

 private:
  TableFolder folder_;
  std::string recording_;
};

class FolderSource final : public RecordingSource {
 public:
  explicit FolderSource(RecordingFolder folder) : folder_(std::move(folder)) {
    for (const TableFolder& table : folder_.tables())
      tables_.push_back(std::make_shared<FolderTable>(table, folder_.path()));
  }
  const std::string& path() const override { return folder_.path(); }
  const RecordingFacts& facts() const override { return folder_.facts(); }
  bool is_recording_now() const override { return folder_.is_recording_now(); }
  bool is_packed() const override { return folder_.packed() != nullptr; }
  std::uint64_t size() const override { return folder_.size(); }
  const std::vector<Finding>& findings() const override { return folder_.findings(); }
  const std::vector<std::shared_ptr<const TableSource>>& tables() const override { return tables_; }

 private:
  RecordingFolder folder_;
  std::vector<std::shared_ptr<const TableSource>> tables_;
};

}  // namespace

Result<std::vector<ColumnFigures>> TableSource::figures(std::optional<std::int64_t>,
                                                        std::optional<std::int64_t>) const {
  return std::vector<ColumnFigures>();
}

const std::vector<std::string>& RecordingSource::remarks() const {
  static const std::vector<std::string> none;
  return none;
}

Result<std::shared_ptr<const RecordingSource>> open_folder_source(const std::string& path) {
  return std::shared_ptr<const RecordingSource>(
      std::make_shared<FolderSource>(TRY(RecordingFolder::open(path))));
}

}  // namespace tacho
