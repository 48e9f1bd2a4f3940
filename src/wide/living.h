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
  // `figure` is a column of `process` that is null where it was not read.
  explicit LivingProcesses(std::string_view figure) : figure_(figure) {}

  void observe_figures(const Rows& rows);
  void observe_info(const Rows& rows);
  void observe_exits(const Rows& rows);

  struct Sums {
    std::int64_t count = 0;
    std::optional<std::int64_t> sum, most;  // of the figure; unset when no process has it
    std::string most_name;                  // name(pid)
  };
  // Unset before the first rows.
  std::optional<Sums> sums() const;

 private:
  struct Process {
    std::int64_t pid = 0;
    std::optional<std::int64_t> figure;
    std::string command;
    std::uint64_t last_turn = 0;
    bool has_figures = false;
  };

  std::string_view figure_;
  std::unordered_map<std::uint64_t, Process> processes_;
  std::uint64_t turn_ = 0;  // how often figures were looked at
};

}  // namespace tacho
