// SPDX-License-Identifier: Apache-2.0
// The recorder's sources of process lives: opened before the command runs, so that all of its children
// are known; a better one is looked for when that is worth it. What changes, is refused or gets lost is
// told to the table `event`. Tick thread only.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/error.h"
#include "collectors/events.h"
#include "ledger/lives.h"
#include "recorder/wake_up.h"
#include "schema/coverage.h"

namespace tacho {

class ProcessLives {
 public:
  struct Options {
    std::string forced;       // bpf, taskstats or connector; empty: the best there is
    std::string bpf_program;  // tacho-bpf's path; empty: no BPF
    Nanoseconds interval{};   // between ticks
  };

  // Both stay the caller's, and outlive this.
  ProcessLives(EventQueue& events, Coverage& coverage) : events_(events), coverage_(coverage) {}

  // Opens what is there at once; `wake` wakes up when it has to be taken before its time. Nothing of
  // it is a failure: without any source processes are read from /proc.
  void open(const Options& options, WakeUp& wake, Clock& clock);
  // Who asks for BPF by name wants it from the first moment on: waits until it is there or refused.
  void wait_for_forced();

  // When a better source is to be looked for, in a recording since `start`; nothing once that was done.
  std::optional<Nanoseconds> look_due(Nanoseconds start) const;
  void look();

  // nullptr: /proc alone.
  Lives* get() const { return lives_.get(); }

 private:
  void note_change(std::string_view source, const Error* refusal);
  void note_loss(std::optional<std::int64_t> more);

  EventQueue& events_;
  Coverage& coverage_;
  std::string forced_;
  std::unique_ptr<Lives> lives_;
  bool has_looked_ = false;
};

}  // namespace tacho
