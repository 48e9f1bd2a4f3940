// SPDX-License-Identifier: Apache-2.0
#include "schema/coverage.h"

#include <algorithm>
#include <string_view>

namespace tacho {

std::string_view name_of(CoverageNote::Kind kind) {
  switch (kind) {
    case CoverageNote::Kind::absent: return "absent";
    case CoverageNote::Kind::denied: return "denied";
    case CoverageNote::Kind::limited: return "limited";
    case CoverageNote::Kind::disabled: return "disabled";
  }
  return "";
}

void Coverage::add(CoverageNote note) {
  const auto same = std::find_if(notes_.begin(), notes_.end(), [&](const CoverageNote& other) {
    return other.table == note.table && other.what == note.what;
  });
  if (same != notes_.end()) {
    *same = std::move(note);
  } else {
    notes_.push_back(std::move(note));
  }
}

}  // namespace tacho
