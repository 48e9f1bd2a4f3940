// SPDX-License-Identifier: Apache-2.0
// Names and constants of a recording on disk. docs/RECORDING.md describes every byte.
// What stands here is in files that exist: never change, never renumber; add.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tacho {

inline constexpr int kFormatMajor = 1;  // a reader refuses a higher one
inline constexpr int kFormatMinor = 0;  // new tables, columns, fields: readers ignore what they do not know

inline constexpr std::string_view kRecordingSuffix = ".tacho";
inline constexpr std::string_view kFactsName = "recording.json";
inline constexpr std::string_view kReserveName = ".reserve";

// An encapsulated Arrow IPC message: FF FF FF FF, the length of the metadata (little-endian, a
// multiple of 8), the metadata, the body. A length of 0 is the end marker.
inline constexpr std::uint32_t kContinuation = 0xFFFFFFFF;
inline constexpr std::size_t kPrefixSize = 8;
inline constexpr std::size_t kMarkerSize = 8;

// Keys in the custom_metadata of a table's schema message.
inline constexpr std::string_view kKeyFormat = "tacho.format";        // "1.0"
inline constexpr std::string_view kKeyTable = "tacho.table";
inline constexpr std::string_view kKeyDescription = "description";    // also on each field
inline constexpr std::string_view kKeyScope = "tacho.scope";
inline constexpr std::string_view kKeyRecording = "tacho.recording";  // the recording's id
inline constexpr std::string_view kKeyNumber = "tacho.number";        // the file's number
// ... and of a field.
inline constexpr std::string_view kKeyUnit = "unit";
inline constexpr std::string_view kKeyKind = "kind";
inline constexpr std::string_view kKeyOtel = "otel.name";
// In the custom_metadata of every message, the schema's too: CRC32C, as 8 lower-case hexadecimal
// digits, over metadata (with this value as "00000000") and body; ...
inline constexpr std::string_view kKeyChecksum = "tacho.crc32c";
// ... and of every record batch: its number in the file, from 0, as 16 hexadecimal digits.
inline constexpr std::string_view kKeySequence = "tacho.sequence";

// "live-000001.arrows", the journal of now.
std::string live_name(std::uint32_t number);
// "part-000001-<xxh3 of the file, 16 hexadecimal digits>.parquet", sealed.
std::string part_name(std::uint32_t number, std::uint64_t digest);

struct SegmentName {
  enum class Kind : std::uint8_t { live, part, bad } kind;
  std::uint32_t number = 0;
  std::uint64_t digest = 0;  // of a part
};
// Nothing for any other name. A quarantined file is "bad-" before its old name.
std::optional<SegmentName> parse_segment_name(std::string_view name);

}  // namespace tacho
