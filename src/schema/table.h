// SPDX-License-Identifier: Apache-2.0
// A table and its columns, declared once, in the file of the collector that fills it. Everything
// else (journal, Parquet, exports, docs/TABLES.md) derives from the declaration.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tacho {

// Numbers are 64 bits wide. Measured values are signed, so that a difference taken in SQL cannot
// overflow below zero; only tick and process, which are never subtracted, are not.
// Stored in recordings by name, never by number.
enum class Type : std::uint8_t { unsigned_integer, integer, real, text, timestamp };

enum class Kind : std::uint8_t {
  key,      // says which entity the row is about
  counter,  // only grows; rates are derived when somebody looks
  gauge,    // a value of now
  text      // said, not measured
};

// Base units; UCUM codes in recordings.
enum class Unit : std::uint8_t {
  none,         // text and identifiers
  count,        // "1"
  bytes,        // "By"
  nanoseconds,  // "ns": times and durations as integers
  celsius,      // "Cel"
  watts,        // "W"
  joules,       // "J"
  hertz,        // "Hz"
  volts,        // "V"
  amperes,      // "A"
  rpm           // "{rpm}"
};

std::string_view name_of(Type type);
std::string_view name_of(Kind kind);
std::string_view ucum_of(Unit unit);

struct Column {
  std::string_view name;
  Type type;
  Kind kind;
  Unit unit;
  std::string_view help;
  std::string_view otel = {};  // the OpenTelemetry name, with {attribute=value}, where there is one
};

struct Table {
  std::string_view name;
  std::string_view help;
  std::span<const Column> columns;  // without the three of kStamp
  std::string_view scope = "machine";  // "machine", "process", "recorder": whose figures these are
};

// Every row of every table begins with these.
inline constexpr Column kStamp[] = {
    {"tick", Type::unsigned_integer, Kind::key, Unit::none, "Number of the sample in the recording."},
    {"time", Type::timestamp, Kind::key, Unit::nanoseconds, "Wall clock (UTC) just before reading."},
    {"boottime", Type::integer, Kind::key, Unit::nanoseconds,
     "Time since boot, suspend included, just before reading: order and intervals go by it."}};
inline constexpr std::size_t kStampColumns = 3;

// Makers, so that a declaration reads as a sentence.
constexpr Column key(std::string_view name, std::string_view help, std::string_view otel = {}) {
  return {name, Type::text, Kind::key, Unit::none, help, otel};
}
constexpr Column key_number(std::string_view name, std::string_view help,
                            std::string_view otel = {}) {
  return {name, Type::integer, Kind::key, Unit::none, help, otel};
}
constexpr Column counter(std::string_view name, Unit unit, std::string_view help,
                         std::string_view otel = {}) {
  return {name, Type::integer, Kind::counter, unit, help, otel};
}
constexpr Column gauge(std::string_view name, Unit unit, std::string_view help,
                       std::string_view otel = {}) {
  return {name, Type::integer, Kind::gauge, unit, help, otel};
}
constexpr Column real_gauge(std::string_view name, Unit unit, std::string_view help,
                            std::string_view otel = {}) {
  return {name, Type::real, Kind::gauge, unit, help, otel};
}
constexpr Column text(std::string_view name, std::string_view help, std::string_view otel = {}) {
  return {name, Type::text, Kind::text, Unit::none, help, otel};
}
// The number that tacho gives each process: never used twice in a recording.
constexpr Column process_number(std::string_view name, std::string_view help) {
  return {name, Type::unsigned_integer, Kind::key, Unit::none, help, {}};
}

}  // namespace tacho
