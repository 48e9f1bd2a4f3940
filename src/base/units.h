// SPDX-License-Identifier: Apache-2.0
// Sizes, durations and times as people write and read them. Every parse error names the text that
// was wrong and shows one that is right.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"

namespace tacho {

// "250ms" "10s" "1.5h" "2m30s" "7d"; a bare number is seconds. Units: ns us ms s m h d w.
Result<Nanoseconds> parse_duration(std::string_view text);

// "4096" "512KiB" "1.5GiB" "2GB" "2G" (a bare letter means the binary unit). Bytes, not negative.
Result<std::int64_t> parse_size(std::string_view text);

// Wall time since 1970 UTC. "now", "-5m" (before `now`), "21:28" or "21:28:41" (the latest such
// time not after `now`, local zone), "2026-11-24", "2026-11-24T21:28:41.5+01:00" (T or blank; Z, an
// offset, or none: local zone), "@1763990000.25" (epoch seconds).
Result<Nanoseconds> parse_time(std::string_view text, Nanoseconds now);

// "5.61 GiB", "612 MiB", "0 B": three significant digits, binary units.
std::string format_size(std::int64_t bytes);
// "14m32s", "2h05m", "41.3 s", "250 ms", "12 us": for people.
std::string format_duration(Nanoseconds duration);

enum class Zone : std::uint8_t { local, utc };
// "2026-11-24T21:28:41.123Z" or with the local offset; `digits` of the second (0 to 9).
std::string format_time(Nanoseconds time, Zone zone, int digits = 3);
// "21:28:41", for text beside a date that was already said.
std::string format_clock_time(Nanoseconds time, Zone zone);

}  // namespace tacho
