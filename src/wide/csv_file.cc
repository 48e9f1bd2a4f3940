// SPDX-License-Identifier: Apache-2.0
// The wide file as CSV: lines that were written stay as bytes. With a new column every line gets
// one more empty field, so that all have as many as the header.
#include <unistd.h>

#include <algorithm>

#include "wide/csv_lines.h"
#include "wide/replacement.h"
#include "wide/wide_file.h"

namespace tacho {
namespace {

// Of a line that we read: ours have at most some 4,000 columns with names of some 40 bytes.
constexpr std::size_t kLongestLine = 1 << 20;
constexpr std::size_t kPiece = 64 << 10;

class CsvFile final : public WideFile {
 public:
  CsvFile(std::string path, WideFileOptions options)
      : WideFile(std::move(path), std::move(options)) {}

  Result<void> continue_old() {
    auto old = TRY(open_old_file(path_));
    if (!old) return {};
    file_ = FileDescriptor(old->descriptor);
    size_ = old->size;
    if (const auto read = read_old(); !read) return cannot_continue(path_, read.error());
    return {};
  }

  Result<void> write() override {
    Replacement file = TRY(Replacement::create(path_));
    std::string header;
    csv_lines::append_header(header, columns_);
    if (columns_in_file_ == columns_.size()) {
      TRY(file.copy(file_.get(), 0, size_));
    } else {
      TRY(file.write(header));
      TRY(copy_lines(file));
    }
    TRY(file.write(waiting_));
    const std::uint64_t size = file.size();
    file_ = TRY(file.commit());
    size_ = size;
    header_size_ = columns_in_file_ == columns_.size() ? header_size_ : header.size();
    columns_in_file_ = columns_.size();
    waiting_.clear();
    waiting_rows_ = 0;
    has_news_ = false;
    return {};
  }

 protected:
  Result<void> put(std::int64_t time, const Cells& cells, const WideRow& row) override {
    csv_lines::append_row(waiting_, time, options_.is_utc, columns_, cells, row);
    ++waiting_rows_;
    return {};
  }

  // What waits was made without it.
  void added_column() override {
    std::string wider;
    std::string_view rest = waiting_;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      wider.append(rest.substr(0, end)).append(",\n");
      rest.remove_prefix(end + 1);
    }
    waiting_ = std::move(wider);
  }

  std::size_t waiting() const override { return waiting_rows_; }

 private:
  Result<std::string> read_piece(std::uint64_t offset, std::size_t size) const {
    std::string piece(size, '\0');
    const ssize_t got = pread(file_.get(), piece.data(), size, static_cast<off_t>(offset));
    if (got < 0) return last_system_error("read", path_);
    piece.resize(static_cast<std::size_t>(got));
    return piece;
  }

  // The columns from its first line, the last time from its last, and how many lines there are.
  Result<void> read_old() {
    const std::string begin = TRY(read_piece(0, kLongestLine));
    const std::size_t end = begin.find('\n');
    const auto names = csv_lines::fields_of(std::string_view(begin).substr(0, end));
    if (end == std::string::npos || names.front() != kWideTime)
      return Error{ErrorCode::invalid, "its first column is not 'timestamp'"};
    for (std::size_t index = 1; index < names.size(); ++index)
      columns_.push_back({.name = names[index], .type = Type::timestamp});  // the type is not known
    columns_in_file_ = columns_.size();
    header_size_ = end + 1;
    const std::string tail =
        TRY(read_piece(size_ - std::min<std::uint64_t>(size_, kLongestLine), kLongestLine));
    if (!tail.ends_with('\n')) return Error{ErrorCode::invalid, "its last line is not whole"};
    if (size_ == header_size_) return {};
    const std::size_t before = tail.find_last_of('\n', tail.size() - 2);
    const std::string_view last = std::string_view(tail).substr(before + 1);
    last_time_ = csv_lines::parse_time_text(last.substr(0, last.find(',')), options_.is_utc);
    if (!last_time_)
      return Error{ErrorCode::invalid, options_.is_utc
                                           ? "its times are not in UTC, and --utc was given"
                                           : "its times are not local ones"};
    return count_rows();
  }

  Result<void> count_rows() {
    for (std::uint64_t at = header_size_; at < size_; at += kPiece)
      rows_ += std::ranges::count(TRY(read_piece(at, kPiece)), '\n');
    return {};
  }

  // Every line of the file but the header, with commas for the columns that are new. A field of
  // ours has no newline in it.
  Result<void> copy_lines(Replacement& file) const {
    const std::string commas = std::string(columns_.size() - columns_in_file_, ',') + "\n";
    for (std::uint64_t at = header_size_; at < size_; at += kPiece) {
      const std::string piece = TRY(read_piece(at, kPiece));
      if (piece.empty())
        return Error{ErrorCode::corrupt, path_ + " was changed by another program"};
      std::size_t start = 0;
      for (std::size_t end = 0; (end = piece.find('\n', start)) != std::string::npos;
           start = end + 1) {
        TRY(file.write(std::string_view(piece).substr(start, end - start)));
        TRY(file.write(commas));
      }
      TRY(file.write(std::string_view(piece).substr(start)));
    }
    return {};
  }

  FileDescriptor file_;
  std::uint64_t size_ = 0, header_size_ = 0;
  std::size_t columns_in_file_ = 0;
  std::string waiting_;
  std::size_t waiting_rows_ = 0;
};

}  // namespace

Result<std::unique_ptr<WideFile>> open_growing_csv(const std::string& path,
                                                   WideFileOptions options) {
  auto file = std::make_unique<CsvFile>(path, std::move(options));
  TRY(file->continue_old());
  return std::unique_ptr<WideFile>(std::move(file));
}

}  // namespace tacho
