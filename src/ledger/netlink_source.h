// SPDX-License-Identifier: Apache-2.0
// The source of lives made of the process connector, of taskstats, or of both.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/backlog.h"
#include "ledger/connector.h"
#include "ledger/exec_details.h"
#include "ledger/life.h"
#include "ledger/life_merger.h"
#include "ledger/netlink.h"
#include "ledger/taskstats.h"

namespace tacho {

class NetlinkSource final : public LifeSource {
 public:
  // At least one of them.
  static Result<std::unique_ptr<LifeSource>> start(std::optional<Connector> connector,
                                                   std::optional<Taskstats> taskstats);

  std::string_view name() const override { return taskstats_ ? "taskstats" : "connector"; }
  Result<void> take(const std::function<void(const LifeEvent&)>& each) override;
  void settle() override { take_ += LifeMerger::kTakesToWait; }
  std::optional<std::int64_t> lost() const override;
  bool lost_unknown() const override { return lost_unknown_; }
  int descriptor() const override { return backlog_->descriptor(); }

 private:
  // An event of this turn, packed.
  struct Waiting {
    std::int64_t boottime;
    std::vector<std::byte> record;
  };

  NetlinkSource(std::optional<Connector> connector, std::optional<Taskstats> taskstats,
                std::unique_ptr<Backlog> backlog);
  std::vector<int> descriptors() const;
  void drain();
  void drain_connector();
  void read_connector(std::vector<ConnectorEvent>& events);
  void read_details();
  void hand_on(const ConnectorEvent& event, const ExecDetails* details);
  void drain_taskstats();
  void keep(const LifeEvent& event);
  void push_all();
  void count_losses();

  std::optional<Connector> connector_;
  std::optional<Taskstats> taskstats_;
  std::unique_ptr<Backlog> backlog_;
  LifeMerger merger_;
  std::atomic<std::int64_t> take_ = 0;

  // What a turn uses; kept for its memory.
  std::vector<ConnectorEvent> events_, later_events_;
  std::unordered_map<std::size_t, ExecDetails> details_;  // by index in events_
  std::vector<Waiting> waiting_;
  std::size_t waiting_count_ = 0;
  std::int64_t boottime_offset_ = 0;  // CLOCK_BOOTTIME minus CLOCK_MONOTONIC, ns
  std::int64_t drained_at_ = 0;       // CLOCK_MONOTONIC, ns: taskstats was read at last
  std::int64_t settled_take_ = 0;
  std::int64_t records_lost_ = 0;     // of taskstats
  std::atomic<std::int64_t> lost_ = 0;  // kUncounted: not countable
  std::atomic<bool> lost_unknown_ = false;

  std::unique_ptr<DrainThread> thread_;  // ends before all that it uses
};

}  // namespace tacho
