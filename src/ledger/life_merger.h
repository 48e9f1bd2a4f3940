// SPDX-License-Identifier: Apache-2.0
// Makes one end of a process out of what the connector tells of its threads (when and how they
// ended) and taskstats (what each used).
//
// A process has ended when its last thread has: the thread that gave it its number may be gone long
// before. So an end needs the leader's exit and the word of the kernel that no thread is left.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ledger/connector.h"
#include "ledger/life.h"
#include "ledger/taskstats.h"

namespace tacho {

class LifeMerger {
 public:
  // What is known of an end by halves waits for so many takes.
  static constexpr int kTakesToWait = 2;

  using Emit = std::function<void(const LifeEvent&)>;
  // Which of the two there are, and when (CLOCK_MONOTONIC, ns) taskstats began to be heard.
  struct Parts {
    bool connector = false, taskstats = false;
    std::int64_t since = 0;
  };
  explicit LifeMerger(Parts parts) : parts_(parts), complete_since_(parts.since) {}

  // One turn is: all that the connector has (`boottime_offset`: CLOCK_BOOTTIME minus
  // CLOCK_MONOTONIC), find_gone, all that taskstats has, settle. In this order, since the kernel
  // sends a thread's account before the exit that follows it.
  void add(const ConnectorEvent& event, std::int64_t boottime_offset, const Emit& emit);
  // `is_gone(pid)`: no thread of this process is left. Asked of those whose account does not say so;
  // `all`: also of those whose account may come in this turn.
  void find_gone(const std::function<bool(int)>& is_gone, bool all);
  // `sent_after`, `now`: between which CLOCK_MONOTONIC times the kernel sent it.
  void add(const TaskRecord& record, std::int64_t sent_after, std::int64_t now,
           std::int64_t boottime_offset);
  // Records of taskstats were lost until `now`: sums over threads that lived then are unknown.
  void forget_sums(std::int64_t now);
  // Whether the kernel measures waiting for block devices now (kernel.task_delayacct); a process has it
  // measured if it was so at its birth. Said at each take.
  void measures_block_delay(bool measures, std::int64_t now);
  // Emits the ends that are known. `take`: the number of the recorder's call; an end that is known
  // by halves waits for kTakesToWait.
  void settle(std::int64_t take, const Emit& emit);

 private:
  struct End {
    // From the connector.
    bool leader_exited = false;
    bool outlived_leader = false;  // it had threads when its leader's exit was known
    bool is_gone = false;
    bool is_settled = false;  // gone, and one turn has been since
    std::optional<std::uint32_t> exit_status;
    std::int64_t exit_monotonic = 0;
    // From taskstats.
    int threads = 0;
    bool is_attributed = false;  // records said of which process they were
    bool had_threads = false;    // ever, at the same time
    bool last_seen = false;
    std::optional<std::uint32_t> leader_status, last_status;
    std::int64_t started_after = INT64_MAX;  // CLOCK_MONOTONIC
    std::int64_t seen = 0;                   // CLOCK_MONOTONIC
    TaskRecord sum;
    // Of both.
    std::optional<int> parent_pid;
    std::int64_t boottime = 0;
    bool is_listed = false;
    std::int64_t listed_at = 0;  // take
    int rounds = 0;              // settled so often
    bool is_whole() const;
  };

  void list(int pid, End& end);
  void move_thread(int thread, int process);
  void born(const ConnectorEvent& event, const Emit& emit);
  End& end_for(const TaskRecord& record, int process);
  bool is_known(const End& end) const;
  bool may_be_told(const End& end) const;
  ProcessAccount account_of(const End& end) const;
  void emit_end(int pid, const End& end, const Emit& emit) const;
  void drop_unclaimed(std::int64_t take);

  const Parts parts_;
  std::int64_t complete_since_;  // CLOCK_MONOTONIC: no record was lost since
  std::int64_t block_delay_since_ = INT64_MAX;  // CLOCK_MONOTONIC: measured without a break since
  std::int64_t take_ = 0;
  std::unordered_map<int, End> ends_;            // by process; before Linux 5.19 also by thread
  // Ended before another process of the same number was born; their accounts come in this turn.
  std::unordered_map<int, End> replaced_;
  std::vector<int> listed_;                      // those of them that are ending
  std::vector<std::pair<int, int>> owners_;      // thread, process: ended in this turn
  bool has_unattributed_ = false, has_attributed_ = false;
};

}  // namespace tacho
