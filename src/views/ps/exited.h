// SPDX-License-Identifier: Apache-2.0
// tacho ps --exited: processes that ended in a span of a recording.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/units.h"
#include "query/recording.h"
#include "views/output.h"
#include "views/ps/lives.h"

namespace tacho {

// What the views of the ledger have in common.
struct LedgerOptions {
  std::optional<std::int64_t> from, to;  // ns since 1970: not before, before
  std::string find;                      // processes whose name or command line has it
  std::string sort;                      // empty: the view's own
  bool reverse = false;
  std::optional<std::size_t> limit;  // rows at most, not 0
  Zone zone = Zone::local;
  bool as_json = false;
};

// Rows that are shown when nobody says how many.
inline constexpr std::size_t kMostExited = 1000;

// False when there is none. `invalid` for an order that there is not.
Result<bool> show_exited(const Recording& recording, const LedgerOptions& options, Output& output);

// For the views beside this one.
// The begin and end of what is looked at: what was asked for, else what the recording has.
std::pair<std::int64_t, std::int64_t> span_of(const Recording& recording, const LedgerOptions& options);
// "from 21:28:41.000 to 21:29:12.000 (2026-11-24, UTC)".
std::string span_text(std::int64_t from, std::int64_t to, Zone zone);
// A line of remarks below a table, broken to the width.
void print_remark(const std::string& text, Output& output);
// {"process": 12, "pid": 4711, ...}: one process, ended or not.
std::string life_json(const ProcessLife& life, Zone zone);
// {"count": 0, "why": null}
std::string missed_json(const Recording& recording);

}  // namespace tacho
