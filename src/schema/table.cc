// SPDX-License-Identifier: Apache-2.0
#include "schema/table.h"

namespace tacho {

std::string_view name_of(Type type) {
  switch (type) {
    case Type::unsigned_integer: return "uint64";
    case Type::integer: return "int64";
    case Type::real: return "float64";
    case Type::text: return "utf8";
    case Type::timestamp: return "timestamp[ns, UTC]";
  }
  return "";
}

std::string_view name_of(Kind kind) {
  switch (kind) {
    case Kind::key: return "key";
    case Kind::counter: return "counter";
    case Kind::gauge: return "gauge";
    case Kind::text: return "text";
  }
  return "";
}

std::string_view ucum_of(Unit unit) {
  switch (unit) {
    case Unit::none: return "";
    case Unit::count: return "1";
    case Unit::bytes: return "By";
    case Unit::nanoseconds: return "ns";
    case Unit::celsius: return "Cel";
    case Unit::watts: return "W";
    case Unit::joules: return "J";
    case Unit::hertz: return "Hz";
    case Unit::volts: return "V";
    case Unit::amperes: return "A";
    case Unit::rpm: return "{rpm}";
  }
  return "";
}

}  // namespace tacho
