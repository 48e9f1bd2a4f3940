// SPDX-License-Identifier: Apache-2.0
// Durations, sizes, times and numbers, as people and other programs write them.
#include <bit>
#include <cmath>

#include "base/units.h"
#include "foreign/numbers.h"
#include "foreign/times.h"
#include "fuzz.h"

namespace tacho {
namespace {

void read_units(std::string_view text) {
  if (const auto duration = parse_duration(text)) {
    fuzz::expect(duration->count() >= 0, "a duration below zero");
    (void)format_duration(*duration);
  }
  if (const auto size = parse_size(text)) {
    fuzz::expect(*size >= 0, "a size below zero");
    (void)format_size(*size);
  }
  for (const Nanoseconds now : {Nanoseconds(0), Nanoseconds(1'763'990'000'000'000'000)})
    if (const auto time = parse_time(text, now))
      for (const Zone zone : {Zone::utc, Zone::local}) {
        (void)format_time(*time, zone, 9);
        (void)format_clock_time(*time, zone);
      }
}

void read_times(std::string_view text) {
  (void)form_of(text);
  for (const TimeForm form : {TimeForm::iso, TimeForm::seconds, TimeForm::milliseconds,
                              TimeForm::microseconds, TimeForm::nanoseconds}) {
    TimeReader reader(form);
    const auto time = reader.read(text);
    fuzz::expect(reader.read(text) == time, "a time reads otherwise the second time");
  }
  (void)zone_variable(std::string(text));
}

// The fast way and the other one say the same.
void read_numbers(std::string_view text) {
  std::string padded(text);
  padded.append(1 + kNumberPadding, '\0');
  std::int64_t integer = 0, fast_integer = 0;
  double real = 0, fast_real = 0;
  const Reading reading = read_number(text.data(), text.data() + text.size(), integer, real);
  const Reading fast = read_padded_number(padded.data(), padded.data() + text.size(), fast_integer,
                                          fast_real);
  fuzz::expect(reading == fast && integer == fast_integer &&
                   std::bit_cast<std::uint64_t>(real) == std::bit_cast<std::uint64_t>(fast_real),
               "a number reads otherwise in words");
  fuzz::expect(reading != Reading::real || std::isfinite(real), "a number without an end");
}

}  // namespace

FUZZ_TARGET(values) {
  read_units(input);
  read_times(input);
  read_numbers(input);
  // What an 8-byte number of a recording may be.
  std::int64_t number = 0;
  if (input.size() < sizeof number) return;
  std::memcpy(&number, input.data(), sizeof number);
  (void)format_size(number);
  (void)format_duration(Nanoseconds(number));
  (void)format_time(Nanoseconds(number), Zone::utc, 9);
  (void)format_time(Nanoseconds(number), Zone::local, 0);
}

}  // namespace tacho
