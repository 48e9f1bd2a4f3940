// SPDX-License-Identifier: Apache-2.0
#include "apps/reader/progress.h"

#include <fmt/format.h>
#include <unistd.h>

namespace tacho {
namespace {

using namespace std::chrono_literals;

constexpr Nanoseconds kPatience = 1s;   // shorter work needs no progress
constexpr Nanoseconds kBetween = 200ms;  // faster than this nobody reads

}  // namespace

Progress::Progress() : is_terminal_(isatty(STDERR_FILENO) != 0), start_(clock_.now().boottime) {}

Progress::~Progress() { wipe(); }

bool Progress::is_due() const {
  if (!is_terminal_) return false;
  const Nanoseconds now = clock_.now().boottime;
  return now - start_ >= kPatience && now - last_ >= kBetween;
}

void Progress::show(std::string_view text) {
  if (!is_due()) return;
  last_ = clock_.now().boottime;
  is_shown_ = true;
  fmt::print(stderr, "\r\033[K{}", text);
  std::fflush(stderr);
}

void Progress::wipe() {
  if (!is_shown_) return;
  is_shown_ = false;
  fmt::print(stderr, "\r\033[K");
  std::fflush(stderr);
}

}  // namespace tacho
