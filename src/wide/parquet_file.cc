// SPDX-License-Identifier: Apache-2.0
// The wide file as Parquet. Row groups that are full stay in the file as bytes; the newest one is
// encoded anew at every write until it is full.
#include <unistd.h>

#include <algorithm>

#include "base/text.h"
#include "wide/arrow_schema.h"
#include "wide/parquet_format.h"
#include "wide/replacement.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

using parquet_format::Chunk;
using parquet_format::Group;
using parquet_format::Layout;
using parquet_format::Values;

// Rows of a group: a sixteenth of the file's, so that the footer, written anew every time, stays
// small beside it; not fewer than compress well, and not more than are encoded in some
// milliseconds.
constexpr std::int64_t kFewestRows = 1024, kMostRows = 8192, kShare = 16;
// Of a footer that we read: ours have some 80 bytes for each column of a group.
constexpr std::uint64_t kLargestFooter = std::uint64_t{64} << 20;
// A fact of the file: the time of its last row. (The highest is another one when clocks go back.)
constexpr std::string_view kLastTime = "tacho.last_time";

class ParquetFile final : public WideFile {
 public:
  ParquetFile(std::string path, WideFileOptions options)
      : WideFile(std::move(path), std::move(options)) {
    layout_.is_utc = options_.is_utc;
    values_.emplace_back(Type::timestamp);
  }

  Result<void> begin_whole() {
    whole_.emplace(TRY(Replacement::create(path_)));
    return whole_->write(parquet_format::kMagic);
  }

  Result<void> continue_old() {
    auto old = TRY(open_old_file(path_));
    if (!old) return {};
    file_ = FileDescriptor(old->descriptor);
    auto layout = read_layout(*old);
    if (!layout) return cannot_continue(path_, layout.error());
    if (layout->is_utc != options_.is_utc)
      return cannot_continue(
          path_,
          {ErrorCode::invalid, layout->is_utc ? "its times are in UTC, and --utc was not given"
                                              : "its times are local, and --utc was given"});
    columns_ = layout->columns;
    layout_.groups = std::move(layout->groups);
    values_.clear();
    for (const WideColumn& column : columns_) values_.emplace_back(column.type);
    for (const Group& group : layout_.groups) rows_ += group.rows;
    for (const auto& [key, value] : layout->facts)
      if (key == kLastTime) last_time_ = parse_integer<std::int64_t>(value);
    return {};
  }

  Result<void> write() override {
    if (whole_) return write_whole();
    Replacement file = TRY(Replacement::create(path_));
    TRY(file.write(parquet_format::kMagic));
    const bool has_all = std::ranges::all_of(
        layout_.groups, [&](const Group& group) { return group.chunks.size() == columns_.size(); });
    std::vector<Group> groups = layout_.groups;
    if (has_all) {
      TRY(file.copy(file_.get(), parquet_format::kMagic.size(), bytes_of(groups)));
    } else {
      TRY(copy_with_new_columns(file, groups));
    }
    const bool has_open = values_.front().rows() > 0;
    if (has_open) groups.push_back(TRY(encode_open(file)));
    std::swap(layout_.groups, groups);
    const auto committed = commit(file);
    if (!committed) {
      std::swap(layout_.groups, groups);
      return Error(committed.error());
    }
    if (has_open && values_.front().rows() < wanted_rows()) {
      layout_.groups.pop_back();
    } else {
      begin_group();
    }
    has_news_ = false;
    return {};
  }

 protected:
  Result<void> put(std::int64_t time, const Cells& cells, const WideRow& row) override {
    first_time_ = values_.front().rows() == 0 ? time : std::min(first_time_, time);
    last_time_of_group_ = values_.front().rows() == 0 ? time : std::max(last_time_of_group_, time);
    values_.front().append_word(static_cast<std::uint64_t>(time));
    for (std::size_t index = 1; index < values_.size(); ++index) {
      const WideCell* cell = cells[index];
      if (cell == nullptr)
        values_[index].append_null();
      else if (columns_[index].type == Type::text)
        values_[index].append_text(row.text(*cell));
      else
        values_[index].append_word(cell->word);
    }
    if (!whole_ || values_.front().rows() < kMostRows) return {};
    layout_.groups.push_back(TRY(encode_open(*whole_)));
    begin_group();
    return {};
  }

  void added_column() override {
    Values values(columns_.back().type);
    for (std::int64_t row = 0; row < values_.front().rows(); ++row) values.append_null();
    values_.push_back(std::move(values));
  }

  std::size_t waiting() const override { return static_cast<std::size_t>(values_.front().rows()); }

 private:
  std::int64_t wanted_rows() const { return std::clamp(rows_ / kShare, kFewestRows, kMostRows); }

  static std::uint64_t bytes_of(const std::vector<Group>& groups) {
    std::uint64_t bytes = 0;
    for (const Group& group : groups) bytes += group.bytes;
    return bytes;
  }

  Result<Layout> read_layout(const OldFile& old) const {
    const std::uint64_t magic = parquet_format::kMagic.size();
    const Error no_parquet{ErrorCode::corrupt, "it is no whole Parquet file"};
    char tail[8];
    if (old.size < magic + sizeof tail) return no_parquet;
    if (pread(file_.get(), tail, sizeof tail, static_cast<off_t>(old.size - sizeof tail)) !=
        sizeof tail)
      return last_system_error("read", path_);
    if (std::string_view(tail + 4, 4) != parquet_format::kMagic) return no_parquet;
    std::uint32_t size = 0;
    std::copy(tail, tail + sizeof size, reinterpret_cast<char*>(&size));
    if (size > kLargestFooter || size + sizeof tail + magic > old.size) return no_parquet;
    std::string footer(size, '\0');
    const std::uint64_t start = old.size - sizeof tail - size;
    if (pread(file_.get(), footer.data(), size, static_cast<off_t>(start)) !=
        static_cast<ssize_t>(size))
      return last_system_error("read", path_);
    return parquet_format::parse_footer(footer, start);
  }

  // A group that was written before a column came gets a page of nulls behind its own.
  Result<void> copy_with_new_columns(Replacement& file, std::vector<Group>& groups) const {
    std::uint64_t from = parquet_format::kMagic.size();
    for (Group& group : groups) {
      const std::uint64_t size = group.bytes;
      TRY(file.copy(file_.get(), from, size));
      from += size;
      for (std::size_t index = group.chunks.size(); index < columns_.size(); ++index) {
        Values nulls(columns_[index].type);
        for (std::int64_t row = 0; row < group.rows; ++row) nulls.append_null();
        TRY(write_chunk(file, nulls, group));
      }
    }
    return {};
  }

  static Result<void> write_chunk(Replacement& file, const Values& values, Group& group) {
    Chunk chunk{.offset = group.bytes};
    std::string page;
    TRY(values.encode(page, chunk));
    group.bytes += chunk.size;
    group.chunks.push_back(chunk);
    return file.write(page);
  }

  Result<Group> encode_open(Replacement& file) const {
    Group group{.rows = values_.front().rows(),
                .first_time = first_time_,
                .last_time = last_time_of_group_};
    for (const Values& values : values_) TRY(write_chunk(file, values, group));
    return group;
  }

  void begin_group() {
    for (Values& values : values_) values.clear();
  }

  Result<void> commit(Replacement& file) {
    layout_.columns = columns_;
    layout_.facts = options_.facts;
    if (described_ != columns_.size())
      schema_text_ = TRY(arrow_schema_text(columns_, options_.is_utc, options_.facts));
    described_ = columns_.size();
    layout_.facts.emplace_back(kArrowSchema, schema_text_);
    if (options_.is_utc) layout_.facts.emplace_back(kPandas, pandas_text(columns_.front().name));
    if (last_time_) layout_.facts.emplace_back(kLastTime, std::to_string(*last_time_));
    TRY(file.write(parquet_format::encode_footer(layout_)));
    file_ = TRY(file.commit());
    return {};
  }

  Result<void> write_whole() {
    if (values_.front().rows() > 0) layout_.groups.push_back(TRY(encode_open(*whole_)));
    begin_group();
    has_news_ = false;
    return commit(*whole_);
  }

  Layout layout_;
  std::string schema_text_;  // of so many columns
  std::size_t described_ = 0;
  FileDescriptor file_;         // with the groups of layout_
  std::vector<Values> values_;  // of the open group, by column
  std::int64_t first_time_ = 0, last_time_of_group_ = 0;
  std::optional<Replacement> whole_;
};

}  // namespace

Result<std::unique_ptr<WideFile>> open_growing_parquet(const std::string& path,
                                                       WideFileOptions options) {
  auto file = std::make_unique<ParquetFile>(path, std::move(options));
  TRY(file->continue_old());
  return std::unique_ptr<WideFile>(std::move(file));
}

Result<std::unique_ptr<WideFile>> create_whole_parquet(const std::string& path,
                                                       WideFileOptions options) {
  auto file = std::make_unique<ParquetFile>(path, std::move(options));
  TRY(file->begin_whole());
  return std::unique_ptr<WideFile>(std::move(file));
}

}  // namespace tacho
