// SPDX-License-Identifier: Apache-2.0
#include "recorder/process_source.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "base/units.h"

namespace tacho {
namespace {

constexpr std::string_view kPolled =
    "processes are read from /proc at every tick; shorter ones are not seen";

struct Use {
  std::string_view source;
  Nanoseconds time{};
};

// How long each was used, in the order of first use.
std::vector<Use> uses_of(const Lives* lives, Nanoseconds start, Nanoseconds now) {
  std::vector<Use> uses;
  const auto add = [&uses](std::string_view source, Nanoseconds time) {
    const auto known = std::ranges::find(uses, source, &Use::source);
    if (known == uses.end()) {
      uses.push_back({source, time});
    } else {
      known->time += time;
    }
  };
  Nanoseconds begin = start;
  std::string_view source = "proc";
  if (lives != nullptr) {
    for (const Lives::Span& span : lives->history()) {
      const Nanoseconds since(span.since_boottime);
      if (since > begin) add(source, since - begin);
      begin = std::max(begin, since);
      source = span.source;
    }
  }
  add(source, std::max(now - begin, Nanoseconds::zero()));
  return uses;
}

bool is_used(const std::vector<Use>& uses, std::string_view source) {
  return std::ranges::find(uses, source, &Use::source) != uses.end();
}

void report_polling(bool whole, Coverage& coverage) {
  const std::string when = whole ? "" : " while /proc was the only source";
  coverage.add({.kind = CoverageNote::Kind::limited,
                .table = "process",
                .what = "processes that lived between two ticks" + when,
                .why = std::string(kPolled),
                .remedy = "a shorter --interval sees more of them"});
  coverage.add({.kind = CoverageNote::Kind::limited,
                .table = "process_exit",
                .what = "exit status, and the last moments of a process" + when,
                .why = "reading /proc tells only that a process is gone; its figures are those "
                       "of the tick before"});
}

void report_connector(const std::vector<Use>& uses, Coverage& coverage) {
  const auto connector = std::ranges::find(uses, "connector", &Use::source);
  if (connector == uses.end()) return;
  const bool is_bridge = connector + 1 != uses.end();
  coverage.add({.kind = CoverageNote::Kind::limited,
                .table = "process_exit",
                .what = is_bridge ? fmt::format("what a process used that ended in the first {}",
                                                format_duration(connector->time))
                                  : "what a process used that lived between two ticks",
                .why = is_bridge ? "until " + std::string((connector + 1)->source) +
                                       " is loaded the kernel's connector tells who ended and how; "
                                       "figures are those of a tick, or null"
                                 : "the kernel's connector tells who ended and how; figures are "
                                   "those of the tick before, or null",
                .remedy = is_bridge ? "" : "sudo tacho ..."});
}

// Of the sources alone, whatever /proc may have missed.
MissedProcesses lost_by(const Lives& lives) {
  const auto lost = lives.lost();
  if (!lost) return {.count = {}, .why = "the source of processes changed or cannot count its losses"};
  return {.count = lost, .why = *lost > 0 ? std::string(kTooFast) : ""};
}

void report_losses(const Lives& lives, Coverage& coverage) {
  const MissedProcesses lost = lost_by(lives);
  if (lost.count == 0 || (!lost.count && lives.name() == "proc")) return;
  coverage.add({.kind = CoverageNote::Kind::limited,
                .table = "process_exit",
                .what = lost.count ? fmt::format("{} {}", *lost.count, kMissed)
                                   : "how many births and ends were missed",
                .why = lost.why});
}

void report_incomplete(const Lives& lives, Coverage& coverage) {
  const std::int64_t incomplete = lives.incomplete_accounts();
  if (incomplete == 0) return;
  coverage.add({.kind = CoverageNote::Kind::limited,
                .table = "process_exit",
                .what = fmt::format("the last moments of {} that ended",
                                    incomplete == 1 ? "1 process" : fmt::format("{} processes", incomplete)),
                .why = "a second after their end the kernel had not told that it let go of them, or nobody had "
                       "waited for them: their CPU time may lack some milliseconds"});
}

}  // namespace

ProcessSource process_source_of(const Lives* lives, Nanoseconds start, Nanoseconds now) {
  const std::vector<Use> uses = uses_of(lives, start, now);
  const auto longest = std::ranges::max_element(uses, {}, &Use::time);
  const bool is_polled = lives == nullptr || is_used(uses, "proc");
  return {.name = std::string(longest->source),
          .missed = is_polled ? MissedProcesses{.count = {}, .why = std::string(kPolled)} : lost_by(*lives)};
}

void report_process_source(const Lives* lives, Nanoseconds start, Nanoseconds now,
                           Coverage& coverage) {
  const std::vector<Use> uses = uses_of(lives, start, now);
  if (is_used(uses, "proc")) report_polling(uses.size() == 1, coverage);
  if (lives == nullptr) return;
  report_connector(uses, coverage);
  report_losses(*lives, coverage);
  report_incomplete(*lives, coverage);
}

void report_refused_source(std::string_view source, const Error& refusal, Coverage& coverage) {
  const bool is_denied = refusal.code == ErrorCode::denied;
  coverage.add({.kind = is_denied ? CoverageNote::Kind::denied : CoverageNote::Kind::absent,
                .table = "process",
                .what = fmt::format("processes from {}", source),
                .why = refusal.text,
                .remedy = is_denied && geteuid() != 0 ? "sudo tacho ..." : ""});
}

}  // namespace tacho
