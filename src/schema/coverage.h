// SPDX-License-Identifier: Apache-2.0
// The coverage statement: what a recording could not see, why, and what would change it. It stands
// in recording.json, in every report, and is what `tacho doctor` prints.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tacho {

struct CoverageNote {
  enum class Kind : std::uint8_t {
    absent,   // the machine or the kernel has none of it
    denied,   // our rights do not reach it
    limited,  // seen in part: averages, samples, the whole machine instead of the job
    disabled  // by --only, --without or a setting
  };
  Kind kind;
  std::string table;   // the table, or empty for the recording as a whole
  std::string what;    // "I/O of 312 of 340 processes"
  std::string why;     // "they belong to other users"
  std::string remedy;  // a command that would change it, or empty
};

std::string_view name_of(CoverageNote::Kind kind);

class Coverage {
 public:
  // Adds a note; one that is there already (same table and what) is replaced.
  void add(CoverageNote note);
  const std::vector<CoverageNote>& notes() const { return notes_; }

 private:
  std::vector<CoverageNote> notes_;
};

}  // namespace tacho
