// SPDX-License-Identifier: Apache-2.0
#include "recorder/process_lives.h"

#include <fmt/format.h>

#include <utility>

#include "collectors/process_tables.h"
#include "recorder/process_source.h"

namespace tacho {
namespace {

// A better source of processes costs as much to load as many a command runs for: it is looked for when
// that is worth it. What happened before is told by the first one.
constexpr Nanoseconds kLookAfter = std::chrono::milliseconds(30);
// Loading takes 100 ms; on a machine under load several times that.
constexpr int kLoadLimitMilliseconds = 5000;

}  // namespace

void ProcessLives::open(const Options& options, WakeUp& wake, Clock& clock) {
  forced_ = options.forced;
  auto lives = Lives::open(
      kernel_life_sources(options.bpf_program, process_key_ticks(options.interval)),
      {.forced = forced_,
       .on_change =
           [this](std::string_view source, const Error* refusal) { note_change(source, refusal); },
       .on_loss = [this](std::optional<std::int64_t> more) { note_loss(more); }},
      clock);
  if (!lives) return note_change("events", &lives.error());
  lives_ = std::move(*lives);
  if (const auto added = wake.add(lives_->descriptor()); !added) note_change("events", &added.error());
}

void ProcessLives::wait_for_forced() {
  if (!lives_ || forced_ != "bpf") return;
  look();
  lives_->wait_for_better(kLoadLimitMilliseconds);
}

std::optional<Nanoseconds> ProcessLives::look_due(Nanoseconds start) const {
  return lives_ && !has_looked_ ? std::optional(start + kLookAfter) : std::nullopt;
}

void ProcessLives::look() {
  if (!lives_ || std::exchange(has_looked_, true)) return;
  lives_->look_for_better();
}

void ProcessLives::note_change(std::string_view source, const Error* refusal) {
  events_.push({.name = refusal ? "process.source.refused" : "process.source",
                .severity = refusal && !forced_.empty() ? Severity::warning : Severity::info,
                .body = refusal ? std::string(source) + ": " + refusal->text
                                : "processes come from " + std::string(source),
                .table = "process"});
  if (refusal) report_refused_source(source, *refusal, coverage_);
}

void ProcessLives::note_loss(std::optional<std::int64_t> more) {
  events_.push({.name = "process.missed",
                .severity = Severity::warning,
                .body = more ? fmt::format("{} {} were missed: {}", *more, kMissed, kTooFast)
                             : fmt::format("{} may have been missed; how many is unknown", kMissed),
                .table = "process_exit",
                .count = more});
}

}  // namespace tacho
