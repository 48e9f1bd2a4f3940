// SPDX-License-Identifier: Apache-2.0
#include "views/ps/ending.h"

#include <fmt/format.h>
#include <signal.h>
#include <string.h>

#include "base/text.h"

namespace tacho {
namespace {

constexpr std::string_view kDropped = "rows.dropped";

// "12 births, execs and ends of processes" begins with how many.
std::optional<std::uint64_t> leading_number(std::string_view text) {
  return parse_integer<std::uint64_t>(text.substr(0, text.find(' ')));
}

}  // namespace

std::string signal_name(std::int64_t signal) {
  if (signal >= SIGRTMIN && signal <= SIGRTMAX)
    return signal == SIGRTMIN ? "SIGRTMIN" : fmt::format("SIGRTMIN+{}", signal - SIGRTMIN);
  const char* name =
      signal > 0 && signal < NSIG ? sigabbrev_np(static_cast<int>(signal)) : nullptr;
  return name != nullptr ? std::string("SIG") + name : fmt::format("signal {}", signal);
}

std::string how_ended(const ProcessEnd& end) {
  if (end.signal && *end.signal != 0)
    return signal_name(*end.signal) + (end.core_dumped == 1 ? ", core" : "");
  return end.exit_code ? fmt::format("exit {}", *end.exit_code) : "unknown";
}

Missed missed_of(const RecordingFacts& facts, bool rows_dropped) {
  Missed missed{.count = 0, .why = ""};
  for (const CoverageNote& note : facts.coverage) {
    if (note.kind != CoverageNote::Kind::limited) continue;
    const auto count = leading_number(note.what);
    const bool is_of_ends = note.table == "process_exit";
    if (is_of_ends && count) {
      if (missed.count) *missed.count += *count;
      if (missed.why.empty()) missed.why = note.why;
    } else if ((is_of_ends && note.what.starts_with("how many")) ||
               (note.table == "process" && note.what.starts_with("processes that lived between"))) {
      return {.count = {}, .why = note.why};
    }
  }
  if (rows_dropped) return {.count = {}, .why = "the recorder dropped rows"};
  // An old recording may have been made without any note.
  if (missed.count == 0 && facts.process_source == "proc")
    return {.count = {}, .why = "processes were read from /proc at every tick"};
  return missed;
}

Result<Missed> missed_of(const Recording& recording) {
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

std::string to_text(const Missed& missed) {
  if (!missed.count) return "how many were missed is unknown: " + missed.why;
  if (*missed.count == 0) return "none were missed";
  return fmt::format("{} births, execs or ends were missed in the whole recording: {}", *missed.count,
                     missed.why);
}

}  // namespace tacho
