// SPDX-License-Identifier: Apache-2.0
#include "foreign/csv_fields.h"

#include <algorithm>
#include <bit>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"
#include "foreign/numbers.h"

namespace tacho {
namespace {

// Calls `found` with the place of each separator and newline.
template <class Found>
void each_mark(std::string_view bytes, char separator, const Found& found) {
  std::size_t at = 0;
#ifdef __SSE2__
  const __m128i separators = _mm_set1_epi8(separator), newlines = _mm_set1_epi8('\n');
  const auto marks_at = [&](std::size_t place) -> std::uint64_t {
    const __m128i part = _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + place));
    return static_cast<unsigned>(_mm_movemask_epi8(
        _mm_or_si128(_mm_cmpeq_epi8(part, separators), _mm_cmpeq_epi8(part, newlines))));
  };
  for (; at + 64 <= bytes.size(); at += 64) {
    std::uint64_t marks =
        marks_at(at) | marks_at(at + 16) << 16 | marks_at(at + 32) << 32 | marks_at(at + 48) << 48;
    for (; marks != 0; marks &= marks - 1)
      found(static_cast<std::uint32_t>(at + static_cast<unsigned>(std::countr_zero(marks))));
  }
#endif
  for (; at < bytes.size(); ++at)
    if (bytes[at] == separator || bytes[at] == '\n') found(static_cast<std::uint32_t>(at));
}

// The same outside of quotes.
template <class Found>
void each_mark_outside(std::string_view bytes, char separator, const Found& found) {
  bool is_at_start = true, is_inside = false;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    const char byte = bytes[at];
    if (is_inside) {
      if (byte != '"') continue;
      if (at + 1 < bytes.size() && bytes[at + 1] == '"')
        ++at;
      else
        is_inside = false;
      continue;
    }
    if (byte == '"' && is_at_start) {
      is_inside = true;
      is_at_start = false;
    } else if (byte == separator || byte == '\n') {
      found(static_cast<std::uint32_t>(at));
      is_at_start = true;
    } else {
      is_at_start = false;
    }
  }
}

bool has_quotes(std::string_view bytes) {
  return std::memchr(bytes.data(), '"', bytes.size()) != nullptr;
}

// Printable ASCII without a backslash is its own escaped form.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7F && c != '\\'; });
}

}  // namespace

inline void CsvFields::end_field(std::uint32_t at) {
  if (count_ < columns_) ends_[filled_ + count_] = at;
  ++count_;
  if (bytes_[at] != '\n') return;
  ++lines_;
  const std::uint32_t end = at > begin_ && bytes_[at - 1] == '\r' ? at - 1 : at;
  if (count_ == columns_ && (columns_ > 1 || end > begin_)) {
    ends_[filled_ + columns_ - 1] = end;
    begins_.push_back(begin_);
    filled_ += columns_;
  } else if (end > begin_) {
    if (uneven_++ == 0) first_uneven_ = lines_;
  }
  begin_ = at + 1;
  count_ = 0;
}

void CsvFields::split(std::string_view lines) {
  bytes_ = lines.data();
  begins_.clear();
  if (ends_.size() < lines.size() + columns_) ends_.resize(lines.size() + columns_);
  filled_ = count_ = 0;
  begin_ = 0;
  lines_ = uneven_ = first_uneven_ = 0;
  if (has_quotes(lines))
    split_quoted(lines);
  else
    split_plain(lines);
}

void CsvFields::split_plain(std::string_view lines) {
  each_mark(lines, separator_, [this](std::uint32_t at) { end_field(at); });
}

void CsvFields::split_quoted(std::string_view lines) {
  each_mark_outside(lines, separator_, [this](std::uint32_t at) { end_field(at); });
}

void CsvFields::remove(const std::vector<std::uint8_t>& removed) {
  std::size_t kept = 0;
  for (std::size_t row = 0; row < begins_.size(); ++row) {
    if (removed[row] != 0) continue;
    begins_[kept] = begins_[row];
    std::copy_n(ends_.begin() + static_cast<std::ptrdiff_t>(row * columns_), columns_,
                ends_.begin() + static_cast<std::ptrdiff_t>(kept * columns_));
    ++kept;
  }
  begins_.resize(kept);
}

bool CsvFields::read(std::size_t column, Type type, RawValues& values, Type& wider) const {
  values.begin(type, rows());
  if (type != Type::text) return read_numbers(column, values, wider);
  read_texts(column, values);
  return true;
}

bool CsvFields::read_numbers(std::size_t column, RawValues& values, Type& wider) const {
  return values.type == Type::real ? read_numbers_of<Type::real>(column, values, wider)
                                   : read_numbers_of<Type::integer>(column, values, wider);
}

template <Type type>
bool CsvFields::read_numbers_of(std::size_t column, RawValues& values, Type& wider) const {
  const std::uint32_t* ends = ends_.data() + column;
  std::uint64_t* words = values.words.data();
  std::uint8_t* present = values.present.data();
  const std::size_t rows = begins_.size();
  for (std::size_t row = 0; row < rows; ++row, ends += columns_) {
    const std::uint32_t begin = column == 0 ? begins_[row] : ends[-1] + 1;
    std::int64_t integer = 0;
    double real = 0;
    const Reading reading = read_padded_number(bytes_ + begin, bytes_ + *ends, integer, real);
    if (reading == Reading::missing) continue;
    if (reading == Reading::text || (reading == Reading::real && type != Type::real)) {
      wider = reading == Reading::text ? Type::text : Type::real;
      return false;
    }
    if (type == Type::integer)
      words[row] = static_cast<std::uint64_t>(integer);
    else
      words[row] = std::bit_cast<std::uint64_t>(
          reading == Reading::real ? real : static_cast<double>(integer));
    present[row] = 1;
  }
  return true;
}

void CsvFields::read_texts(std::size_t column, RawValues& values) const {
  for (std::size_t row = 0; row < rows(); ++row) {
    std::string_view text = field(row, column);
    std::string without_quotes;
    if (text.starts_with('"')) text = without_quotes = unquoted(text);
    if (is_plain(text))
      values.bytes.append(text);
    else
      append_escaped(values.bytes, text);
    values.present[row] = text.empty() ? 0 : 1;
    values.ends.push_back(static_cast<std::int32_t>(values.bytes.size()));
  }
}

std::size_t whole_lines(std::string_view bytes, char separator) {
  if (!has_quotes(bytes)) return bytes.rfind('\n') + 1;  // npos + 1 is 0
  std::size_t end = 0;
  each_mark_outside(bytes, separator, [&](std::uint32_t at) {
    if (bytes[at] == '\n') end = at + 1;
  });
  return end;
}

std::size_t fields_of_line(std::string_view bytes, char separator) {
  std::size_t fields = 0;
  bool has_ended = false;
  each_mark_outside(bytes, separator, [&](std::uint32_t at) {
    fields += has_ended ? 0 : 1;
    has_ended = has_ended || bytes[at] == '\n';
  });
  return has_ended ? fields : 0;
}

std::string unquoted(std::string_view field) {
  if (field.size() < 2 || field.front() != '"' || field.back() != '"') return std::string(field);
  std::string text;
  for (std::size_t at = 1; at + 1 < field.size(); ++at) {
    text.push_back(field[at]);
    if (field[at] == '"' && field[at + 1] == '"' && at + 2 < field.size()) ++at;
  }
  return text;
}

}  // namespace tacho
