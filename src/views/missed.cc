// SPDX-License-Identifier: Apache-2.0
#include "views/missed.h"

#include <fmt/format.h>

namespace tacho {
namespace {

constexpr std::string_view kDropped = "rows.dropped";

}  // namespace

MissedProcesses missed_of(const RecordingFacts& facts, bool rows_dropped) {
  if (!facts.processes_missed) return {.count = {}, .why = "the recording does not say"};
  if (rows_dropped && facts.processes_missed->count)
    return {.count = {}, .why = "the recorder dropped rows"};
  return *facts.processes_missed;
}

Result<MissedProcesses> missed_of(const Recording& recording) {
  bool rows_dropped = false;
  if (recording.has_table("event")) {
    Stream rows = TRY(recording.scan("event", {.columns = {"name"}}));
    while (const Batch batch = TRY(rows->next())) {
      const ColumnView names(*batch, "name");
      for (std::int64_t row = 0; row < row_count(*batch); ++row)
        rows_dropped = rows_dropped || names.text(row) == kDropped;
    }
  }
  return missed_of(recording.facts(), rows_dropped);
}

std::string to_text(const MissedProcesses& missed) {
  if (!missed.count) return "how many were missed is unknown: " + missed.why;
  if (*missed.count == 0) return "none were missed";
  return fmt::format("{} births, execs or ends were missed in the whole recording: {}", *missed.count,
                     missed.why);
}

}  // namespace tacho
