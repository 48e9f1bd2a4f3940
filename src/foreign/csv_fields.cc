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
#include "foreign/wide_registers.h"

namespace tacho {
namespace {

// A bit for each of the 64 bytes at `bytes` that is `one`.
[[gnu::always_inline]] inline std::uint64_t places_of(const char* bytes, char one) {
#ifdef __SSE2__
  const __m128i wanted = _mm_set1_epi8(one);
  const auto part = [&](int index) -> std::uint64_t {
    const __m128i* place = reinterpret_cast<const __m128i*>(bytes) + index;
    return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(place), wanted)));
  };
  return part(0) | part(1) << 16 | part(2) << 32 | part(3) << 48;
#else
  std::uint64_t places = 0;
  for (unsigned place = 0; place < 64; ++place)
    places |= std::uint64_t{bytes[place] == one} << place;
  return places;
#endif
}

// Calls `found` with the place of each separator and newline.
template <class Found>
void each_mark(std::string_view bytes, char separator, const Found& found) {
  std::size_t at = 0;
  for (; at + 64 <= bytes.size(); at += 64) {
    const char* part = bytes.data() + at;
    std::uint64_t marks = places_of(part, separator) | places_of(part, '\n');
    for (; marks != 0; marks &= marks - 1)
      found(static_cast<std::uint32_t>(at + static_cast<unsigned>(std::countr_zero(marks))));
  }
  for (; at < bytes.size(); ++at)
    if (bytes[at] == separator || bytes[at] == '\n') found(static_cast<std::uint32_t>(at));
}

struct Marks {
  std::size_t count = 0, newlines = 0;
};

// Writes the places of all separators and newlines to `ends`, and up to 3 words more.
[[gnu::always_inline]] inline Marks find_marks(std::string_view bytes, char separator,
                                               std::uint32_t* ends) {
  Marks found;
  std::size_t at = 0;
  for (; at + 64 <= bytes.size(); at += 64) {
    const std::uint64_t newlines = places_of(bytes.data() + at, '\n');
    std::uint64_t marks = places_of(bytes.data() + at, separator) | newlines;
    found.newlines += static_cast<std::size_t>(std::popcount(newlines));
    std::uint32_t* to = ends + found.count;
    found.count += static_cast<std::size_t>(std::popcount(marks));
    // Four at a time: how many there are is rarely foreseen, that there are some is.
    while (marks != 0)
      for (int mark = 0; mark < 4; ++mark, marks &= marks - 1)
        *to++ = static_cast<std::uint32_t>(at) + static_cast<std::uint32_t>(std::countr_zero(marks));
  }
  for (; at < bytes.size(); ++at) {
    if (bytes[at] != separator && bytes[at] != '\n') continue;
    ends[found.count++] = static_cast<std::uint32_t>(at);
    found.newlines += bytes[at] == '\n' ? 1 : 0;
  }
  return found;
}
Marks find_marks_plain(std::string_view bytes, char separator, std::uint32_t* ends) {
  return find_marks(bytes, separator, ends);
}
TACHO_WIDE_REGISTERS Marks find_marks_wide(std::string_view bytes, char separator,
                                           std::uint32_t* ends) {
  return find_marks(bytes, separator, ends);
}

// A column's fields as numbers: field `row` begins at begins[row] (of the first column) or behind the
// end before it. Where one is no number of the type: false, and `wider` is what it is.
struct NumberFields {
  const char* bytes;
  const std::uint32_t *begins, *ends;  // the column's first end; the next is `columns` further
  std::size_t rows, columns;
  bool is_first;
};

template <Type type>
[[gnu::always_inline]] inline bool read_all(const NumberFields& fields, RawValues& values, Type& wider) {
  const std::uint32_t* ends = fields.ends;
  std::uint64_t* words = values.words.data();
  std::uint8_t* present = values.present.data();
  for (std::size_t row = 0; row < fields.rows; ++row, ends += fields.columns) {
    const std::uint32_t begin = fields.is_first ? fields.begins[row] : ends[-1] + 1;
    std::int64_t integer = 0;
    double real = 0;
    const Reading reading =
        read_padded_number(fields.bytes + begin, fields.bytes + *ends, integer, real);
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
bool read_all_plain(const NumberFields& fields, RawValues& values, Type& wider) {
  return values.type == Type::real ? read_all<Type::real>(fields, values, wider)
                                   : read_all<Type::integer>(fields, values, wider);
}
TACHO_WIDE_REGISTERS bool read_all_wide(const NumberFields& fields, RawValues& values, Type& wider) {
  return values.type == Type::real ? read_all<Type::real>(fields, values, wider)
                                   : read_all<Type::integer>(fields, values, wider);
}

// As each_mark, outside of quotes.
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
  // split_even writes some marks more than there are.
  if (ends_.size() < lines.size() + columns_ + 64) ends_.resize(lines.size() + columns_ + 64);
  filled_ = count_ = 0;
  begin_ = 0;
  lines_ = uneven_ = first_uneven_ = 0;
  if (has_quotes(lines))
    split_quoted(lines);
  else if (!split_even(lines))
    split_plain(lines);
}

// Of lines that all have the right number of fields, which is usual: every mark is a field's end,
// and each columns_-th is a newline. False when they have not; then nothing is split.
bool CsvFields::split_even(std::string_view lines) {
  if (columns_ < 2) return false;  // an empty line would be a row
  std::uint32_t* ends = ends_.data();
  const auto [count, newlines] =
      (has_wide_registers() ? find_marks_wide : find_marks_plain)(lines, separator_, ends);
  if (newlines * columns_ != count) return false;
  begins_.resize(newlines);
  std::uint32_t begin = 0;
  for (std::size_t row = 0; row < newlines; ++row) {
    std::uint32_t& end = ends[(row + 1) * columns_ - 1];
    if (bytes_[end] != '\n') {
      begins_.clear();
      return false;
    }
    begins_[row] = begin;
    begin = end + 1;
    if (end > begins_[row] && bytes_[end - 1] == '\r') --end;
  }
  filled_ = count;
  lines_ = newlines;
  return true;
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
  const NumberFields fields{.bytes = bytes_,
                            .begins = begins_.data(),
                            .ends = ends_.data() + column,
                            .rows = begins_.size(),
                            .columns = columns_,
                            .is_first = column == 0};
  return (has_wide_registers() ? read_all_wide : read_all_plain)(fields, values, wider);
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
