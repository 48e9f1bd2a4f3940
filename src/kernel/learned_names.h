// SPDX-License-Identifier: Apache-2.0
// Files that name their figures ("MemFree:  24330516 kB", "pgfault 4238591"): which of the names we
// want stands where. The kernel keeps their order until it boots again, so a place that was looked
// up once is afterwards only compared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/fields.h"

namespace tacho {

class LearnedNames {
 public:
  // `names` must outlive this.
  explicit LearnedNames(std::span<const std::string_view> names) : names_(names) {}

  // The index in `names` of the name that stands at `place` (0, 1, 2 ...); -1 when not wanted.
  int find(std::size_t place, std::string_view name) {
    if (place < places_.size() && places_[place].name == name) return places_[place].index;
    return learn(place, name);
  }

  // What the file named and nobody asked for, in its order.
  std::vector<std::string> unwanted() const;

 private:
  struct Place {
    std::string name;
    int index = -1;
  };
  int learn(std::size_t place, std::string_view name);

  std::span<const std::string_view> names_;
  std::vector<Place> places_;
};

// Calls take(index, value) for every line "name value ..." or "name: value ..." whose name is
// wanted and whose value is a number.
template <class Take>
void each_named_number(std::string_view text, LearnedNames& names, Take take) {
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::size_t place = 0; at < end; ++place) {
    const auto* newline = static_cast<const char*>(
        std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
    if (newline == nullptr) newline = end;
    const char* stop = at;
    while (stop < newline && *stop != ' ' && *stop != ':' && *stop != '\t') ++stop;
    const int index = names.find(place, {at, static_cast<std::size_t>(stop - at)});
    if (index >= 0) {
      if (stop < newline && *stop == ':') ++stop;
      const auto value = Fields({stop, static_cast<std::size_t>(newline - stop)}).number();
      if (value) take(static_cast<std::size_t>(index), *value);
    }
    at = newline + 1;
  }
}

}  // namespace tacho
