// SPDX-License-Identifier: Apache-2.0
// Progress of what takes longer than a second, as one line on stderr that is wiped at the end.
#pragma once

#include <string_view>

#include "base/clock.h"

namespace tacho {

class Progress {
 public:
  Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();
  // Shown when stderr is a terminal, a second after the start and then five times a second.
  void show(std::string_view text);
  // Whether show would write now: for texts that cost something.
  bool is_due() const;
  // Before anything else is written to the terminal.
  void wipe();

 private:
  mutable SystemClock clock_;
  bool is_terminal_;
  Nanoseconds start_;
  Nanoseconds last_{};
  bool is_shown_ = false;
};

}  // namespace tacho
