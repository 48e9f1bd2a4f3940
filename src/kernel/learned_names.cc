// SPDX-License-Identifier: Apache-2.0
#include "kernel/learned_names.h"

#include <algorithm>

namespace tacho {
namespace {

// More lines than any such file has (vmstat: about 200); what stands further down is looked up
// every time, so that a runaway file costs time and not memory.
constexpr std::size_t kMostPlaces = 2048;

}  // namespace

int LearnedNames::learn(std::size_t place, std::string_view name) {
  const auto found = std::ranges::find(names_, name);
  const int index = found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
  if (place < kMostPlaces) {
    if (place >= places_.size()) places_.resize(place + 1);
    places_[place] = {std::string(name), index};
  }
  return index;
}

std::vector<std::string> LearnedNames::unwanted() const {
  std::vector<std::string> names;
  for (const Place& place : places_)
    if (place.index < 0 && !place.name.empty()) names.push_back(place.name);
  return names;
}

}  // namespace tacho
