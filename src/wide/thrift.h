// SPDX-License-Identifier: Apache-2.0
// Thrift's compact protocol, as far as Parquet's footer and page headers need it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace tacho::thrift {

// Types on the wire; never renumber.
enum class Kind : std::uint8_t {
  stop = 0,
  yes = 1,
  no = 2,
  byte = 3,
  i16 = 4,
  i32 = 5,
  i64 = 6,
  real = 7,
  binary = 8,
  list = 9,
  set = 10,
  map = 11,
  structure = 12
};

// Appends to a text. Fields of a structure are written in the order of their numbers.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void i32(int field, std::int32_t value) { number(field, Kind::i32, value); }
  void i64(int field, std::int64_t value) { number(field, Kind::i64, value); }
  void boolean(int field, bool value) { header(field, value ? Kind::yes : Kind::no); }
  void binary(int field, std::string_view value);
  void begin_list(int field, Kind element, std::size_t size);
  // Elements of a list.
  void element(std::int32_t value) { varint(zigzag(value)); }
  void element(std::string_view value);
  void begin_element() { last_.push_back(0); }

  void begin(int field);  // a structure as a field
  void end();             // of a structure, or of an element of a list of them

 private:
  static std::uint64_t zigzag(std::int64_t value) {
    return static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
  }
  void number(int field, Kind kind, std::int64_t value);
  void header(int field, Kind kind);
  void varint(std::uint64_t value);

  std::string& out_;
  std::vector<int> last_ = {0};  // number of the last field, of each structure that is open
};

// Reads what somebody else may have written: nothing is believed, and the first fault ends it.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : bytes_(bytes) {}

  struct Field {
    int number = 0;
    Kind kind = Kind::stop;
  };
  // The next field of the structure, `stop` at its end.
  Field next();
  void begin() { last_.push_back(0); }  // of a structure
  std::int64_t integer();
  std::string_view binary();
  struct List {
    Kind element = Kind::stop;
    std::size_t size = 0;
  };
  List list();
  void skip(Kind kind);
  // Nothing was wrong until now.
  bool is_good() const { return good_; }

 private:
  std::uint64_t varint();
  std::uint8_t byte();
  void skip_many(Kind kind, std::size_t count, int depth);
  void skip(Kind kind, int depth);

  std::string_view bytes_;
  std::vector<int> last_ = {0};
  bool good_ = true;
};

}  // namespace tacho::thrift
