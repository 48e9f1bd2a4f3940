// SPDX-License-Identifier: Apache-2.0
#include "wide/living.h"

#include "wide/mapping.h"
#include "wide/row_view.h"

namespace tacho {
namespace {

// A process has a row at least every 60 ticks. One without any for three times as long ended where
// nothing was recorded (query/processes.h has the same rule).
constexpr std::uint64_t kGone = 180;
// One that was not asked for so long is not waited for: its rows are damaged.
constexpr std::uint64_t kAskedWithin = 60;

}  // namespace

void LivingProcesses::observe_figures(const Rows& rows) {
  ++turn_;
  const int number = index_of(rows.table(), wide_process::kNumber);
  const int pid = index_of(rows.table(), wide_process::kPid);
  const int figure = index_of(rows.table(), figure_), asked = index_of(rows.table(), asked_);
  RowView view(rows);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    view.move_to(row);
    Process& process = processes_[view.word(number)];
    process.pid = view.integer(pid).value_or(process.pid);
    process.last_turn = turn_;
    if (!process.has_figures) process.first_turn = turn_;
    process.has_figures = true;
    process.was_asked = process.was_asked || !view.is_null(figure) || !view.is_null(asked);
    if (const auto value = view.integer(figure)) process.figure = value;
  }
  if (turn_ % kGone == 0)
    std::erase_if(processes_,
                  [this](const auto& entry) { return entry.second.last_turn + kGone < turn_; });
}

void LivingProcesses::observe_info(const Rows& rows) {
  const int number = index_of(rows.table(), wide_process::kNumber);
  const int command = index_of(rows.table(), wide_process::kCommand);
  RowView view(rows);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    view.move_to(row);
    Process& process = processes_[view.word(number)];
    process.command = view.text(command);
    if (!process.has_figures) process.last_turn = turn_;
  }
}

void LivingProcesses::observe_exits(const Rows& rows) {
  const int number = index_of(rows.table(), wide_process::kNumber);
  RowView view(rows);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    view.move_to(row);
    processes_.erase(view.word(number));
  }
}

std::optional<LivingProcesses::Sums> LivingProcesses::sums() const {
  if (turn_ == 0) return std::nullopt;
  Sums sums;
  const Process* most = nullptr;
  bool all_asked = true;
  for (const auto& [number, process] : processes_) {
    if (!process.has_figures) continue;
    ++sums.count;
    all_asked = all_asked && (process.was_asked || process.first_turn + kAskedWithin < turn_);
    if (!process.figure) continue;
    // Of a recording that somebody else made the numbers may be any: they wrap.
    sums.sum = static_cast<std::int64_t>(static_cast<std::uint64_t>(sums.sum.value_or(0)) +
                                         static_cast<std::uint64_t>(*process.figure));
    // Of equal ones the lowest pid, so that a recording gives the same name whenever it is read.
    const bool is_more = most == nullptr || *process.figure > *most->figure ||
                         (*process.figure == *most->figure && process.pid < most->pid);
    if (is_more) most = &process;
  }
  if (!all_asked) sums.sum.reset();
  if (most == nullptr || !all_asked) return sums;
  sums.most = most->figure;
  sums.most_name =
      (most->command.empty() ? "?" : most->command) + "(" + std::to_string(most->pid) + ")";
  return sums;
}

}  // namespace tacho
