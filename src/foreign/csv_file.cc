// SPDX-License-Identifier: Apache-2.0
// CSV in blocks of whole lines, split and read by two threads.
#include <algorithm>
#include <thread>

#include "base/text.h"
#include "foreign/csv_fields.h"
#include "foreign/in_order.h"
#include "foreign/numbers.h"
#include "foreign/profiler.h"
#include "foreign/raw_file.h"
#include "foreign/times.h"

namespace tacho {
namespace {

// A line that is longer is none: a quote is missing, or it is no CSV.
constexpr std::size_t kLongestLine = std::size_t{8} << 20;
constexpr std::size_t kMostColumns = 10'000;
// Blocks whose figures wait for those of a slower thread: it may have lost its processor for some 10 ms.
constexpr std::size_t kAhead = 32;
// Rows by which the time column is found.
constexpr std::size_t kSampleRows = 50;
constexpr std::string_view kSeparators = ",;\t|";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

unsigned thread_count() { return std::clamp(std::thread::hardware_concurrency(), 1U, 2U); }

struct Form {
  char separator = ',';
  std::uint64_t body = 0;  // where the rows begin
  std::vector<std::string> names;
  std::size_t time_column = 0;
  TimeForm time_form = TimeForm::iso;
};

char separator_of(std::string_view header) {
  return *std::ranges::max_element(kSeparators, {},
                                   [&](char c) { return std::ranges::count(header, c); });
}

// What one block tells.
struct BlockSurvey {
  Stretch stretch;
  TimeLine::Part times;
  std::vector<Type> types;
  std::vector<ColumnProfile> profiles;
  ColumnProfile cpu_mean;
  std::uint64_t lines = 0, uneven = 0, first_uneven = 0, timeless = 0, first_timeless = 0;
  bool saw_naive = false;
};

// One thread's block.
class Worker {
 public:
  Worker(const ForeignFile& file, const Form& form)
      : file_(file),
        form_(form),
        fields_(form.separator, form.names.size()),
        times_(form.time_form) {}

  std::string& buffer() { return buffer_; }
  CsvFields& fields() { return fields_; }
  const std::vector<std::int64_t>& times() const { return row_times_; }
  bool saw_naive() const { return times_.saw_naive(); }
  std::uint64_t timeless() const { return timeless_; }
  std::uint64_t first_timeless() const { return first_timeless_; }

  Result<void> load(const Stretch& stretch) {
    if (stretch.size > kLongestLine) return Error{ErrorCode::bug, "a block is too long"};
    buffer_.resize(stretch.size);
    TRY(read_at(file_, stretch.offset, buffer_.data(), stretch.size));
    return {};
  }

  // Splits the buffer; only rows with a time stay.
  void split() {
    // The last line of a file may have no newline.
    if (!buffer_.ends_with('\n')) buffer_.push_back('\n');
    const std::size_t size = buffer_.size();
    buffer_.append(kNumberPadding, '\0');
    fields_.split(std::string_view(buffer_).substr(0, size));
    row_times_.clear();
    timeless_ = first_timeless_ = 0;
    std::vector<std::uint8_t> removed;
    for (std::size_t row = 0; row < fields_.rows(); ++row) {
      const auto time = times_.read(fields_.field(row, form_.time_column));
      if (time) {
        row_times_.push_back(*time);
        continue;
      }
      if (timeless_++ == 0) first_timeless_ = row + 1;
      removed.resize(fields_.rows());
      removed[row] = 1;
    }
    if (timeless_ > 0) fields_.remove(removed);
  }

 private:
  const ForeignFile& file_;
  const Form& form_;
  CsvFields fields_;
  TimeReader times_;
  std::string buffer_;
  std::vector<std::int64_t> row_times_;
  std::uint64_t timeless_ = 0, first_timeless_ = 0;
};

class SurveyWorker : public Worker {
 public:
  SurveyWorker(const ForeignFile& file, const Form& form)
      : Worker(file, form),
        types_(form.names.size(), Type::integer),
        time_column_(form.time_column) {
    for (const std::string& name : form.names) is_cpu_share_.push_back(is_cpu_share(name));
  }

  Result<BlockSurvey> operator()(const Stretch& stretch) {
    split();
    BlockSurvey block{.stretch = stretch, .times = TimeLine::part_of(times())};
    block.profiles.resize(types_.size());
    profiler_.begin(times());
    for (std::size_t column = 0; column < types_.size(); ++column) {
      // Text has no figures: that it is there is seen when it is read.
      if (column == time_column_ || types_[column] == Type::text) continue;
      while (!fields().read(column, types_[column], values_, types_[column])) {
      }
      block.profiles[column] = profiler_.profile_of(values_);
      if (is_cpu_share_[column] && types_[column] != Type::text) profiler_.add_to_mean(values_);
    }
    block.cpu_mean = profiler_.profile_of_mean();
    block.types = types_;
    block.lines = fields().lines();
    block.uneven = fields().uneven();
    block.first_uneven = fields().first_uneven();
    block.timeless = timeless();
    block.first_timeless = first_timeless();
    block.saw_naive = saw_naive();
    return block;
  }

 private:
  std::vector<Type> types_;  // as wide as this thread has seen
  std::vector<bool> is_cpu_share_;
  std::size_t time_column_;
  RawValues values_;
  Profiler profiler_;
};

class ReadWorker : public Worker {
 public:
  ReadWorker(const ForeignFile& file, const Form& form, const Survey& survey,
             const std::vector<std::size_t>& columns)
      : Worker(file, form), survey_(survey), form_(form), columns_(columns) {}

  Result<RawChunk*> operator()(const Stretch& stretch) {
    TRY(load(stretch));
    split();
    chunk_.times = times();
    chunk_.ticks.resize(chunk_.times.size());
    std::uint64_t tick = stretch.first_tick;
    for (std::size_t row = 0; row < chunk_.times.size(); ++row) {
      if (row > 0 && chunk_.times[row] != chunk_.times[row - 1]) ++tick;
      chunk_.ticks[row] = tick;
    }
    chunk_.columns.resize(columns_.size());
    for (std::size_t index = 0; index < columns_.size(); ++index) {
      const std::size_t column = columns_[index];
      Type wider{};
      if (!fields().read(column + (column >= form_.time_column ? 1 : 0),
                         survey_.columns[column].type_of(), chunk_.columns[index], wider))
        return Error{ErrorCode::corrupt, "it has changed while it was read"};
    }
    return &chunk_;
  }

 private:
  const Survey& survey_;
  const Form& form_;
  const std::vector<std::size_t>& columns_;
  RawChunk chunk_;
};

class CsvFile final : public RawFile {
 public:
  CsvFile(const ForeignFile& file, std::size_t block) : file_(file), block_(block) {}
  Result<Survey> survey() override;
  Result<void> read(const Survey& survey, const RawRequest& request,
                    const TakeChunk& take) override;

 private:
  Result<Form> read_form() const;
  Result<void> find_time(Form& form, std::string_view sample) const;
  Result<std::optional<Stretch>> next_block(std::uint64_t& place, char separator,
                                            std::string& buffer) const;

  const ForeignFile& file_;
  std::size_t block_;
};

Result<Form> CsvFile::read_form() const {
  std::string head(std::min<std::uint64_t>(file_.size, kLongestLine / 8), '\0');
  TRY(read_at(file_, 0, head.data(), head.size()));
  std::size_t begin = head.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (begin < head.size() && (head[begin] == '\n' || head[begin] == '\r')) ++begin;
  const std::string_view text = std::string_view(head).substr(begin);
  std::string header(text.substr(0, text.find('\n')));
  Form form{.separator = separator_of(header)};
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos && head.size() < file_.size)
    return Error{ErrorCode::corrupt,
                 file_.name + " is no CSV: its first line has no end within 1 MiB"};
  form.body = begin + (end == std::string_view::npos ? text.size() : end + 1);
  if (header.ends_with('\r')) header.pop_back();
  header.push_back('\n');
  const std::size_t columns = fields_of_line(header, form.separator);
  if (columns > kMostColumns)
    return Error{ErrorCode::corrupt, file_.name + " has " + std::to_string(columns) +
                                         " columns; at most 10000 are read"};
  CsvFields fields(form.separator, columns);
  if (columns > 0) fields.split(header);
  if (fields.rows() != 1)
    return Error{ErrorCode::corrupt, file_.name + " is no CSV: its first line has no names"};
  for (std::size_t column = 0; column < columns; ++column)
    form.names.push_back(unquoted(fields.field(0, column)));
  form.names = distinct_names(form.names);
  if (form.body >= file_.size)
    return Error{ErrorCode::corrupt,
                 file_.name + " has a line of names and no rows; expected rows with times"};
  TRY(find_time(form,
                std::string_view(head).substr(std::min<std::size_t>(form.body, head.size()))));
  return form;
}

// The first column, best names first, whose values are times. One with another name must have
// dates: a number alone may be anything.
Result<void> CsvFile::find_time(Form& form, std::string_view sample) const {
  CsvFields fields(form.separator, form.names.size());
  std::string lines(sample.substr(0, kCsvBlock));
  if (const std::size_t whole = whole_lines(lines, form.separator); whole > 0)
    lines.resize(whole);
  else
    lines.push_back('\n');
  fields.split(lines);
  const std::size_t rows = std::min(fields.rows(), kSampleRows);
  for (const std::size_t column : time_candidates(form.names)) {
    std::size_t good = 0, present = 0;
    bool is_number = false;
    TimeForm widest = TimeForm::iso;
    for (std::size_t row = 0; row < rows; ++row) {
      const std::string text = unquoted(fields.field(row, column));
      if (text.empty()) continue;
      ++present;
      const auto found = form_of(text);
      if (!found) continue;
      ++good;
      is_number = is_number || *found != TimeForm::iso;
      widest = std::max(widest, *found);
    }
    if (present == 0 || good * 10 < present * 9) continue;
    if (is_number && !is_time_name(form.names[column])) continue;
    form.time_column = column;
    form.time_form = widest;
    return {};
  }
  return no_time_column(file_.name, form.names);
}

// Reads the next whole lines into `buffer`; nothing at the end of the file.
Result<std::optional<Stretch>> CsvFile::next_block(std::uint64_t& place, char separator,
                                                   std::string& buffer) const {
  if (place >= file_.size) return std::optional<Stretch>();
  for (std::size_t wanted = block_;; wanted *= 2) {
    if (wanted > kLongestLine)
      return Error{ErrorCode::corrupt, file_.name + " has a line of more than 4 MiB at byte " +
                                           std::to_string(place) +
                                           "; it is no CSV, or a quote is never closed"};
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(wanted, file_.size - place));
    buffer.resize(size);
    TRY(read_at(file_, place, buffer.data(), size));
    std::size_t whole = whole_lines(buffer, separator);
    if (whole == 0 && place + size < file_.size) continue;
    if (place + size == file_.size) whole = size;
    buffer.resize(whole);
    const Stretch stretch{.offset = place, .size = whole};
    place += whole;
    return std::optional(stretch);
  }
}

Result<Survey> CsvFile::survey() {
  const Form form = TRY(read_form());
  Survey survey{.format = "CSV",
                .separator = std::string(1, form.separator),
                .time_name = form.names[form.time_column],
                .time_form = std::string(text_of(form.time_form))};
  std::vector<Type> types(form.names.size(), Type::integer);
  std::vector<ColumnProfile> profiles(form.names.size());
  TimeLine line;
  std::uint64_t place = form.body, lines = 1;
  const auto take = [&](BlockSurvey& block) -> Result<bool> {
    line.append(std::move(block.times), block.stretch);
    for (std::size_t column = 0; column < types.size(); ++column) {
      types[column] = std::max(types[column], block.types[column]);
      profiles[column].append(block.profiles[column]);
    }
    survey.cpu_mean.append(block.cpu_mean);
    if (block.uneven > 0 && survey.uneven == 0) survey.first_uneven = lines + block.first_uneven;
    if (block.timeless > 0 && survey.timeless == 0)
      survey.first_timeless = lines + block.first_timeless;
    survey.uneven += block.uneven;
    survey.timeless += block.timeless;
    survey.is_naive = survey.is_naive || block.saw_naive;
    lines += block.lines;
    survey.stretches.push_back(block.stretch);
    return true;
  };
  TRY(in_order(
      thread_count(),
      [&](SurveyWorker& worker) { return next_block(place, form.separator, worker.buffer()); },
      [&] { return SurveyWorker(file_, form); }, take, kAhead));
  line.finish(survey);
  for (std::size_t column = 0; column < types.size(); ++column)
    if (column != form.time_column)
      survey.columns.push_back({.name = form.names[column],
                                .type = static_cast<int>(types[column]),
                                .profile = profiles[column]});
  return survey;
}

Result<void> CsvFile::read(const Survey& survey, const RawRequest& request, const TakeChunk& take) {
  const Form form = TRY(read_form());
  if (form.names.size() != survey.columns.size() + 1 ||
      form.names[form.time_column] != survey.time_name)
    return Error{ErrorCode::corrupt, file_.name + " has changed while it was read"};
  std::size_t next = 0;
  return in_order(
      thread_count(),
      [&](ReadWorker&) -> Result<std::optional<Stretch>> {
        if (next == request.stretches.size()) return std::optional<Stretch>();
        return std::optional(survey.stretches[request.stretches[next++]]);
      },
      [&] { return ReadWorker(file_, form, survey, request.columns); },
      [&](RawChunk* chunk) { return take(*chunk); });
}

}  // namespace

std::unique_ptr<RawFile> make_csv_file(const ForeignFile& file, std::size_t block) {
  return std::make_unique<CsvFile>(file, block);
}

}  // namespace tacho
