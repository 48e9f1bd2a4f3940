// SPDX-License-Identifier: Apache-2.0
// Starts tacho-reader to seal live files: at the lowest priority while the machine is recorded, always
// the first the OOM killer may take.
// When it cannot be started ("unable to fork" is what we are here to record) the live files simply
// stay.
#pragma once

#include <cstdint>
#include <string>

#include "collectors/events.h"

namespace tacho {

enum class SealPriority { lowest, usual };

class Sealer {
 public:
  Sealer(std::string reader, std::string recording)
      : reader_(std::move(reader)), recording_(std::move(recording)) {}

  // Files have been left behind by the recorder: they are sealed in the background when `tend` finds
  // it a good time.
  void ask() { wanted_ = true; }
  // Called every few seconds. Starts what was asked for, unless the last one still runs or memory is
  // short just now: sealing can wait, the machine's work cannot.
  void tend(EventQueue& events);
  // Seals what is left and waits. The recording's lock must have been given up.
  void seal_all_and_wait(EventQueue& events);

 private:
  bool start(SealPriority priority, EventQueue& events);
  void end_what_runs(EventQueue& events);
  void reap(bool wait, EventQueue& events);

  std::string reader_, recording_;
  int running_ = 0;  // pid
  bool wanted_ = false;
};

}  // namespace tacho
