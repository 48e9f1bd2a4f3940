// SPDX-License-Identifier: Apache-2.0
// Lines of CSV as fields (RFC 4180: quotes around a field, two for one within), and fields as
// values.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "foreign/raw.h"

namespace tacho {

class CsvFields {
 public:
  CsvFields(char separator, std::size_t columns) : separator_(separator), columns_(columns) {}

  // Whole lines, the last one with its newline. Rows with another number of fields are left out and
  // counted; empty lines are nothing. The bytes must stay while fields are looked at, and for
  // read() kNumberPadding bytes (foreign/numbers.h) behind them must be readable.
  void split(std::string_view lines);
  std::size_t rows() const { return begins_.size(); }
  // As it stands there, quotes included.
  std::string_view field(std::size_t row, std::size_t column) const {
    const std::uint32_t* ends = ends_.data() + row * columns_;
    const std::uint32_t begin = column == 0 ? begins_[row] : ends[column - 1] + 1;
    return {bytes_ + begin, ends[column] - begin};
  }
  void remove(const std::vector<std::uint8_t>& removed);  // a byte a row: 1 goes

  std::uint64_t lines() const { return lines_; }
  std::uint64_t uneven() const { return uneven_; }
  std::uint64_t first_uneven() const { return first_uneven_; }  // its line, from 1

  // A column's values; false at the first one that is none of `type`, with `wider` set to a type
  // that it is.
  bool read(std::size_t column, Type type, RawValues& values, Type& wider) const;

 private:
  bool split_even(std::string_view lines);
  void split_plain(std::string_view lines);
  void split_quoted(std::string_view lines);
  void end_field(std::uint32_t at);
  bool read_numbers(std::size_t column, RawValues& values, Type& wider) const;
  void read_texts(std::size_t column, RawValues& values) const;

  char separator_;
  std::size_t columns_;
  const char* bytes_ = nullptr;
  std::vector<std::uint32_t> begins_;  // of each row
  std::vector<std::uint32_t> ends_;    // of each field
  std::size_t filled_ = 0;             // of ends_: those of whole rows
  // Of the row that is being split.
  std::size_t count_ = 0;
  std::uint32_t begin_ = 0;
  std::uint64_t lines_ = 0, uneven_ = 0, first_uneven_ = 0;
};

// How many bytes from the start lie in whole lines: up to and with the last newline that stands in
// no quotes; 0 when there is none.
std::size_t whole_lines(std::string_view bytes, char separator);
// Fields of the first line; 0 when it has no end outside of quotes.
std::size_t fields_of_line(std::string_view bytes, char separator);
// A field without its quotes.
std::string unquoted(std::string_view field);

}  // namespace tacho
