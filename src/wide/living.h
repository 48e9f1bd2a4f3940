// SPDX-License-Identifier: Apache-2.0
// For the row builder alone: the processes that live, with one figure of each as it was last known.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "schema/rows.h"

namespace tacho {

class LivingProcesses {
 public:
  // `figure` is a column of `process` that is null where it was not read; `asked` one that is there
  // whenever it was tried.
  LivingProcesses(std::string_view figure, std::string_view asked)
      : figure_(figure), asked_(asked) {}

  void observe_figures(const Rows& rows);
  void observe_info(const Rows& rows);
  void observe_exits(const Rows& rows);

  struct Sums {
    std::int64_t count = 0;
    // Of the figure; unset when no process has it, and as long as some were not asked for it: half
    // a sum would look like a whole one.
    std::optional<std::int64_t> sum, most;
    std::string most_name;  // name(pid)
  };
  // Unset before the first rows.
  std::optional<Sums> sums() const;

 private:
  struct Process {
    std::int64_t pid = 0;
    std::optional<std::int64_t> figure;
    std::string command;
    std::uint64_t first_turn = 0, last_turn = 0;
    bool has_figures = false, was_asked = false;
  };

  std::string_view figure_, asked_;
  std::unordered_map<std::uint64_t, Process> processes_;
  std::uint64_t turn_ = 0;  // how often figures were looked at
};

}  // namespace tacho
